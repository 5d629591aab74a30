"""Sabotage in containers: a claim that holds there could also be seen broken there.

That every claim holds there, behind every balancer, is held by `tests/test_balancers_page.py`; that
each can be broken at all, by `test_sabotage.py`. Here are those that need the fabric's own doing:
a death, a restart, files that are changed, a connection past the balancer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.lab import Settings
from sessionlab.lab.scenario.runner import run_one
from tests.scenarios.test_sabotage import CASES, Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
]
NAMES = (
    "reference-and-value: the id is a token",
    "redis-down: a node dies with Redis",
    "redis-blip: Redis forgets",
    "sticky: affinity is off",
    "sticky-node-dies: all nodes die",
    "jwt-costs: old keys dropped at once",
    "jwt-costs: old keys never dropped",
)
CHOSEN = [case for case in CASES if str(case) in NAMES]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric() -> AsyncIterator[DockerFabric]:
    fabric = DockerFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


async def test_every_case_that_is_named_is_there() -> None:
    assert sorted(map(str, CHOSEN)) == sorted(NAMES)


@pytest.mark.parametrize("case", CHOSEN, ids=str)
async def test_a_claim_is_broken_when_the_cluster_is_wrong(
    case: Case, fabric: DockerFabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.patch:
        case.patch(monkeypatch)
    settings = Settings("docker", nodes=3, sabotage=case.sabotage)
    result = await run_one(installed()[case.scenario], settings, fabric, Events())
    broken = {number for number, claim in enumerate(result.claims, 1) if not claim.holds}
    assert case.breaks <= broken, (result.reason, result.claims)
    assert result.exit_status == 1
