"""A story that must fail does not hold because its numbers happen to fit.

Twenty users are a multiple of four and of five nodes: whoever asks in the order of the logins is
led back by round-robin to the node of its session, though nothing ties it to that node.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from sessionlab.lab.clients.client import Client
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.record.answers import Answers, together
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.runner import run_one
from sessionlab.lab.scenario.scenario import Scenario
from sessionlab.lab.verdicts.results import Outcome
from tests.installed import needs

pytestmark = pytest.mark.asyncio(loop_scope="module")

USERS, TIMES, SEEDS = 20, 3, 2
Steps = Callable[[Lab, list[Client]], Awaitable[Answers]]


async def everyone(lab: Lab, clients: list[Client]) -> Answers:
    await lab.everyone(clients, Client.login)
    return await lab.everyone(clients, Client.me)


async def one_by_one(lab: Lab, clients: list[Client]) -> Answers:
    await lab.one_by_one(clients, Client.login)
    return await lab.one_by_one(clients, Client.me)


async def at_once(lab: Lab, clients: list[Client]) -> Answers:
    await lab.at_once(*map(Client.login, clients))
    return await lab.at_once(*map(Client.me, clients))


async def often(lab: Lab, clients: list[Client]) -> Answers:
    await lab.everyone(clients, Client.login)
    return together(await lab.everyone_often(clients, TIMES, Client.me))


async def asking(lab: Lab, clients: list[Client]) -> Answers:
    await lab.everyone(clients, Client.login)
    async with lab.asking(clients, Client.me) as traffic:
        return together([await traffic.round() for _ in range(TIMES)])


STEPS: list[Steps] = [everyone, one_by_one, at_once, often, asking]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric() -> AsyncIterator[LocalFabric]:
    fabric = LocalFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


def told(step: Steps, affinity: str) -> Scenario:
    """README's own scenario, with sessions in memory and nothing happening."""

    async def story(lab: Lab) -> None:
        async with lab.cluster("memory", affinity=affinity) as cluster:
            answers = await step(lab, cluster.clients(USERS))
            lab.claim("Nobody is logged out", expected=len(answers), observed=answers.recognised)

    return Scenario("my-deploy", "Everybody is shopping", story)


@pytest.mark.balancers
@needs("haproxy")
@pytest.mark.parametrize(("affinity", "noted"), [("learn:no-such", True), ("learn:sid", False)])
async def test_behind_haproxy_too_an_affinity_that_ties_nobody_is_noted(
    affinity: str, noted: bool, fabric: LocalFabric
) -> None:
    async def story(lab: Lab) -> None:
        async with lab.cluster("memory", affinity=affinity) as cluster:
            clients = cluster.clients(2)
            # Each in turn: the first node, the second, and the same again.
            for does in (Client.login, Client.me):
                for client in clients:
                    assert (await does(client)).recognised
            lab.claim("Both are known", expected=1, observed=1)

    settings = Settings(nodes=2, balancer="haproxy")
    result = await run_one(Scenario("x", "In turn", story), settings, fabric, Events())
    assert result.outcome is Outcome.HELD
    assert [note.rpartition(": ")[2] for note in result.notes] == ["chance"] * noted


@pytest.mark.parametrize(
    ("step", "nodes", "affinity"),
    [
        *[(step, nodes, "none") for step in STEPS for nodes in (4, 5)],
        (everyone, 4, "learn:no-such-cookie"),
    ],
)
async def test_what_nothing_ties_is_not_led_back_by_its_number(
    step: Steps, nodes: int, affinity: str, fabric: LocalFabric
) -> None:
    runs = [
        run_one(told(step, affinity), Settings(nodes=nodes, seed=seed), fabric, Events())
        for seed in range(SEEDS)
    ]
    for result in await asyncio.gather(*runs):
        (claim,) = result.claims
        assert result.outcome is Outcome.BROKEN
        asked = len(result.history) - USERS
        # By chance it is a quarter or a fifth of them.
        assert int(claim.observed) < 0.6 * asked, claim
