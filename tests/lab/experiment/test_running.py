"""What keeps a run from its end is told, and is no verdict on users."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.experiment.ran import ran

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILE = """
name = "troubled"
[cluster]
strategy = "redis"
nodes = 2
[workload]
users = 5
seconds = 1
[bounds]
lost = 0
"""
ONCE = """
[[fault]]
fault = "kill-node"
part = "n1"
at = 0.2
"""
TWICE = f"""{ONCE}
[[fault]]
fault = "kill-node"
part = "n1"
at = 0.5
"""


async def test_a_cluster_that_does_not_start(fabric: LocalFabric, tmp_path: Path) -> None:
    options = '[cluster.options]\n"cart-delay" = "long"\n'
    result = await ran(fabric, tmp_path, FILE + options)
    assert result.exit_status == 3
    assert result.sentence.startswith("nothing is said of users: n")
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (told["outcome"], told["findings"]) == ("error", [])
    assert [bound["met"] for bound in told["bounds"]] == [None]


async def test_a_fault_that_can_not_be_done(fabric: LocalFabric, tmp_path: Path) -> None:
    result = await ran(fabric, tmp_path, FILE + TWICE)
    assert result.exit_status == 3
    assert "a fault could not be carried out: kill-node n1: n1 is not running" in result.trouble
    assert result.findings, "what is known is judged all the same"
    assert result.load
    assert result.load.operations > 5


async def test_a_fault_that_lasts_to_the_end_is_no_trouble(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    result = await ran(fabric, tmp_path, FILE + ONCE)
    assert result.exit_status == 0, result.sentence
