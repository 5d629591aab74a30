"""The same seed and file make the same decisions and the same faults, in a real run as well."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.experiment.reading import read
from sessionlab.lab.record.packed.reader import Stored
from sessionlab.lab.record.packed.reader import read as shard
from tests.lab.experiment.ran import ran

if TYPE_CHECKING:
    from sessionlab.lab.experiment.results import Result
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILE = """
name = "same"
[cluster]
strategy = "redis"
[workload]
users = 12
seconds = 2
think = 0.02
processes = 2
[faults]
count = 2
of = ["freeze-node", "kill-node"]
for = 0.2
"""


def lives(result: Result) -> dict[str, list[str]]:
    """What each user did, in its order, as far as the time went."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in Stored.open(Path(result.folder)).shards():
        of = shard(name)
        for op in of.operations(slice(None)):
            if op.conversation != "login" and not op.farewell:  # who is not known logs in besides
                found[op.client].append(
                    (int(op.invoked * 1e6), f"{op.conversation} {op.item or ''}")
                )
    return {user: [what for _, what in sorted(did)] for user, did in found.items()}


def faults(result: Result) -> list[tuple[str, str]]:
    """What befell which part, in its order."""
    lines = (Path(result.folder) / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    began = [event["data"] for event in events if event["kind"] == "fault.began"]
    return [(one["fault"], one["part"]) for one in began]


async def test_two_runs_do_the_same_and_another_seed_does_not(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    runs = []
    for number, seed in enumerate((7, 7, 8)):
        (folder := tmp_path / str(number)).mkdir()
        runs.append(await ran(fabric, folder, FILE, seed))
    first, second, other = map(lives, runs)
    assert set(first) == set(second)
    assert len(first) == 12
    for user, did in first.items():
        both = min(len(did), len(second[user]))
        assert both > 5
        assert did[:both] == second[user][:both], f"{user} has decided otherwise"
    assert any(did[:5] != other[user][:5] for user, did in first.items())
    assert faults(runs[0]) == faults(runs[1])
    assert len(faults(runs[0])) == 2


async def test_the_same_file_and_seed_have_the_same_plan(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(FILE)
    plans = [read(path, seed).plans[0] for seed in (7, 7, 8)]
    assert plans[0].faults == plans[1].faults
    assert plans[0].faults != plans[2].faults
    assert (plans[0].mark == plans[1].mark) is True
    assert plans[0].mark != plans[2].mark
