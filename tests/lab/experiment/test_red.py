"""Every check is seen red on a cluster that is really broken, and green on its sound twin."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.interface import Verdict
from tests.lab.experiment.ran import found, ran

if TYPE_CHECKING:
    from sessionlab.lab.experiment.results import Result
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")

CARELESS = Path(__file__).parent / "careless"
FILE = """
name = "red"
[workload]
users = 30
seconds = 2
think = 0.02
arrive = 0.2
life = {{browse = 10, write = 3, idle = 0, logout = 1, replay = 1}}
[cluster]
{cluster}
{more}
"""
FREEZE = """
[[fault]]
fault = "freeze-node"
part = "n1"
at = 0.7
for = 1
"""
LEARNT = 'strategy = "redis"\naffinity = "learn:sid"'
BROKEN = {
    "continuity": ('strategy = "memory"', 'strategy = "redis"'),
    "identity": (
        'app = "{app}"\nvariant = "mixes-up"\naffinity = "cookie"',
        'app = "{app}"\nvariant = "fine"\naffinity = "cookie"',
    ),
    "updates": (
        'app = "{app}"\nvariant = "forgets"\naffinity = "cookie"',
        'app = "{app}"\nvariant = "fine"\naffinity = "cookie"',
    ),
    "affinity": (
        f"{LEARNT}\nbalancer_options = {{table-entries = 8}}",  # pins of 8 of the 30 users
        LEARNT,
    ),
    "revocation": ('strategy = "jwt"', 'strategy = "redis"'),
}


@pytest.fixture(autouse=True)
def python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELESS_PYTHON", sys.executable)


async def of(fabric: LocalFabric, folder: Path, cluster: str, more: str = "") -> Result:
    text = FILE.format(cluster=cluster.replace("{app}", str(CARELESS)), more=more)
    return await ran(fabric, folder, text)


@pytest.mark.parametrize("check", BROKEN)
async def test_a_promise_is_broken_on_the_one_and_held_on_the_other(
    fabric: LocalFabric, tmp_path: Path, check: str
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "good").mkdir()
    bad, good = BROKEN[check]
    result = await of(fabric, tmp_path / "bad", bad)
    assert found(result, check).verdict is Verdict.BROKEN, found(result, check).said
    assert found(result, check).evidence
    assert result.exit_status == 1
    sound = await of(fabric, tmp_path / "good", good)
    logs = "".join(path.read_text() for path in tmp_path.glob("*/run/red-1*/n*.log"))
    assert not re.search(r"session \w{16}", logs), "no credential is kept"
    assert ("has session ***" in logs) is ("app" in bad)
    assert found(sound, check).verdict is Verdict.HOLDS, found(sound, check).said
    assert sound.exit_status == 0, sound.sentence


async def test_a_frozen_node_is_seen_by_the_bounds_of_availability_and_latency(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    bounds = '[bounds]\nserved_worst = ">= 99 %"\nmax_ms = "<= 400"\n'
    impatient = "balancer_options = {response-timeout = 0.5}"  # the demo's users would wait longer
    result = await of(fabric, tmp_path, f'strategy = "redis"\n{impatient}', FREEZE + bounds)
    assert {bound.figure: bound.met for bound in result.bounds} == {
        "served_worst": False,
        "max_ms": False,
    }, result.bounds
    assert found(result, "availability").figures["blast_radius"]
    assert result.exit_status == 1


@pytest.mark.parametrize(("algorithm", "even"), [("hash:source", False), ("round-robin", True)])
async def test_all_behind_one_address_are_seen_by_the_bound_of_balance(
    fabric: LocalFabric, tmp_path: Path, algorithm: str, even: bool
) -> None:
    cluster = f'strategy = "redis"\nalgorithm = "{algorithm}"'
    result = await of(fabric, tmp_path, cluster, '[bounds]\njain = ">= 0.95"\n')
    (bound,) = result.bounds
    assert bound.met is even, bound
    assert result.exit_status == (0 if even else 1), result.sentence


async def test_no_check_is_left_out() -> None:
    by_bounds = {"availability", "latency", "balance"}
    assert set(BROKEN) | by_bounds == set(CHECKS)
