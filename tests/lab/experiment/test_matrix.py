"""The cells of a matrix, one after the other and side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.experiment import matrix
from sessionlab.lab.experiment.matrix import Series, disturbed, room
from sessionlab.lab.experiment.reading import read
from sessionlab.lab.experiment.results import Result
from sessionlab.lab.verdicts.results import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FILE = """
name = "many"
[cluster]
nodes = 2
[workload]
users = 6
seconds = 1
think = 0.1
[matrix]
strategy = ["redis"]
seed = [1, 2, 3, 4]
"""


def series(folder: Path, jobs: int | None = None) -> Series:
    (folder / "x.toml").write_text(FILE)
    return Series(read(folder / "x.toml", 1), folder / "run", jobs)


def result(idle: float | None, beside: int = 0) -> Result:
    return Result("x", 1, "a title", idle=idle, beside=beside)


def test_as_many_cells_run_side_by_side_as_the_machine_has_room_for() -> None:
    assert room(0.9, 2, latency=False) == 2, "never more than there are processors"
    assert room(0.9, 8, latency=False) == 8
    assert room(0.5, 8, latency=False) == 1, "a fifth stays free"
    assert room(0.7, 8, latency=False) == 2
    assert room(0.7, 8, latency=True) == 1, "half does where latency is bounded"
    assert room(None, 8, latency=False) == 1, "nobody knows"


def test_a_cell_that_had_company_and_little_room_was_disturbed() -> None:
    assert disturbed(result(0.05, beside=1), latency=False)
    assert not disturbed(result(0.15, beside=1), latency=False)
    assert disturbed(result(0.15, beside=1), latency=True)
    assert not disturbed(result(0.0), latency=True)


async def test_cells_have_company_where_there_is_room_and_none_is_run_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "room", lambda *_, **__: 3)
    monkeypatch.setattr(matrix, "disturbed", lambda *_, **__: False)
    one = series(tmp_path, jobs=3)
    ended: list[str] = []
    (tmp_path / "run").mkdir()
    await one.run(lambda result: ended.append(result.name), resume=False)
    assert len(ended) == 4
    assert one.results["redis-1"].beside == 0, "the first is alone"
    assert max(found.beside for found in one.results.values()) == 2
    assert {found.outcome for found in one.results.values()} == {Outcome.HELD}


async def test_who_was_disturbed_is_run_again_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "room", lambda *_, **__: 2)
    monkeypatch.setattr(matrix, "disturbed", lambda result, **_: result.beside > 0)
    one = series(tmp_path)
    monkeypatch.setattr(one, "_jobs", 2)
    (tmp_path / "run").mkdir()
    ended: list[str] = []
    await one.run(lambda result: ended.append(result.name), resume=False)
    assert len(ended) > 4
    assert all(found.beside == 0 for found in one.results.values())
