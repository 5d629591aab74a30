"""The cells of a matrix."""

from __future__ import annotations

import tomllib

from sessionlab.lab.experiment.cells import Cell, cells

FILE = """
name = "x"
seed = 1
[cluster]
strategy = "memory"
nodes = 3
[workload]
seconds = 6
[[fault]]
fault = "kill-node"
part = "n1"
at = 2
for = 1
"""


def of(matrix: str) -> list[Cell]:
    return cells(tomllib.loads(FILE + matrix), 6.0)


def test_a_file_without_a_matrix_is_one_cell_without_axes() -> None:
    (only,) = of("")
    assert (only.name, only.axes) == ("x", {})
    assert only.raw == tomllib.loads(FILE)


def test_every_combination_is_a_cell_and_the_last_axis_changes_first() -> None:
    found = of('[matrix]\nstrategy = ["memory", "redis"]\nnodes = [2, 3]\nseed = [7]')
    names = [cell.name for cell in found]
    assert names == ["memory-2-7", "memory-3-7", "redis-2-7", "redis-3-7"]
    assert found[2].raw["cluster"] == {"strategy": "redis", "nodes": 2}
    assert found[2].raw["seed"] == 7
    assert found[2].axes == {"strategy": "redis", "nodes": "2", "seed": "7"}
    assert found[2].raw["fault"] == found[0].raw["fault"], "what no axis names stays"


def test_a_fault_by_its_name_takes_the_times_and_the_part_of_the_files_first() -> None:
    nothing, freeze = of('[matrix]\nfault = ["nothing", "freeze-node"]')
    assert nothing.raw["fault"] == []
    assert freeze.raw["fault"] == [{"fault": "freeze-node", "part": "n1", "at": 2, "for": 1}]


def test_it_takes_no_more_of_that_than_means_something() -> None:
    redis, flush = of('[matrix]\nfault = ["stop-redis", "flush-redis"]')
    assert redis.raw["fault"] == [{"fault": "stop-redis", "at": 2, "for": 1}]
    assert flush.raw["fault"] == [{"fault": "flush-redis", "at": 2}]


def test_without_a_fault_to_go_by_it_takes_the_middle_third() -> None:
    (one,) = cells({"name": "x", "matrix": {"fault": ["kill-node"]}}, 6.0)
    assert one.raw["fault"] == [{"fault": "kill-node", "at": 2.0, "for": 2.0}]


def test_a_fault_can_be_a_table_or_a_set_of_them_and_no_others_are_drawn_then() -> None:
    kill = {"fault": "kill-node", "part": "n2", "at": 1}
    raw = {"name": "x", "faults": {"count": 3}, "matrix": {"fault": [kill, [kill, kill]]}}
    one, both = cells(raw, 6.0)
    assert (one.name, one.raw["fault"]) == ("kill-node-n2", [kill])
    assert (both.name, both.raw["fault"]) == ("kill-node-n2-kill-node-n2", [kill, kill])
    assert "faults" not in one.raw


def test_two_cells_never_share_a_folder() -> None:
    names = [cell.name for cell in of('[matrix]\naffinity = ["learn:a", "learn-a"]')]
    assert names == ["learn-a", "learn-a.2"]
