"""What becomes of real users when their balancer dies, stands still, and is there again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.clients.client import Client
from sessionlab.lab.errors import StepError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.runner import run
from sessionlab.lab.scenario.scenario import Scenario
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.results import Outcome
from sessionlab.lab.verdicts.users import Users
from sessionlab.lab.waiting import until
from tests.installed import needs

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.clients.traffic import Traffic
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = itertools.count()
USERS = 5
PATIENCE = 1.0  # with a balancer that stands still; a busy machine is slow, too
BALANCERS = ["builtin", *(pytest.param(name, marks=needs(name)) for name in ("haproxy", "nginx"))]


@pytest.fixture
def stage(fabric: LocalFabric, seen: list[Event]) -> Callable[..., Lab]:
    def built(balancer: str = "builtin") -> Lab:
        settings = Settings(balancer=balancer, nodes=2)
        return Lab(settings, fabric, Events(seen.append), f"life-{next(NUMBER)}")

    return built


async def logged_in(cluster: Cluster) -> list[Client]:
    clients = cluster.clients(USERS)
    for client in clients:
        await client.login()
    return clients


async def take_away(
    cluster: Cluster, clients: list[Client], traffic: Traffic, *, frozen: bool
) -> None:
    if frozen:
        for client in clients:
            client.patience = PATIENCE
        await traffic.round()  # so that nobody waits with the patience of before
        await cluster.freeze_balancer()
    else:
        await cluster.kill_balancer()


async def bring_back(cluster: Cluster, clients: list[Client], *, frozen: bool) -> None:
    for client in clients:
        client.patience = 30
    await (cluster.thaw_balancer() if frozen else cluster.start_balancer())


async def all_known(traffic: Traffic) -> None:
    async def known() -> bool:
        return (await traffic.round()).recognised == USERS

    await until("everybody to be known again", known, seconds=30)


async def all_fail(traffic: Traffic) -> None:
    async def failed() -> bool:
        return all(answer.status is None for answer in await traffic.round())

    await until("everybody to get no answer", failed, seconds=30)


@pytest.mark.parametrize("balancer", BALANCERS)
@pytest.mark.parametrize("frozen", [False, True])
async def test_a_balancer_that_is_gone_for_good_leaves_everybody_stuck(
    stage: Callable[..., Lab], seen: list[Event], balancer: str, frozen: bool
) -> None:
    lab = stage(balancer)
    async with lab.cluster("redis") as cluster:
        clients = await logged_in(cluster)
        async with lab.asking(clients, Client.me) as traffic:
            await all_known(traffic)
            await take_away(cluster, clients, traffic, frozen=frozen)
            await all_fail(traffic)
        users = lab.users_of(cluster)
    assert (users.stuck, users.lost, users.interrupted) == (USERS, USERS, 0)
    (loss,) = Users.of(lab.history, seen).losses
    assert loss.fate is Fate.STUCK
    how = "was frozen" if frozen else "was killed"
    assert loss.why.startswith(f"the balancer {how} at ")
    assert loss.why.endswith(" s into the story: no answer came")


@pytest.mark.parametrize("balancer", BALANCERS)
@pytest.mark.parametrize("frozen", [False, True])
async def test_a_balancer_that_comes_back_has_interrupted_everybody(
    stage: Callable[..., Lab], balancer: str, frozen: bool
) -> None:
    lab = stage(balancer)
    async with lab.cluster("redis") as cluster:
        clients = await logged_in(cluster)
        async with lab.asking(clients, Client.me) as traffic:
            await all_known(traffic)
            await take_away(cluster, clients, traffic, frozen=frozen)
            await all_fail(traffic)
            await bring_back(cluster, clients, frozen=frozen)
            await all_known(traffic)
        users = lab.users_of(cluster)
    assert (users.interrupted, users.lost, users.stuck) == (USERS, 0, 0)
    if frozen:
        assert users.longest >= PATIENCE * 1000


async def test_it_is_the_same_balancer_that_comes_back(stage: Callable[..., Lab]) -> None:
    lab = stage()
    async with lab.cluster("memory", affinity="cookie") as cluster:
        clients = await logged_in(cluster)
        address = cluster.url
        await cluster.kill_balancer()
        refused = [(await client.me()).status for client in clients]
        await cluster.start_balancer()
        assert refused == [None] * USERS
        assert cluster.url == address
        assert [(await client.me()).recognised for client in clients] == [True] * USERS
        users = lab.users_of(cluster)
    assert (users.kept, users.interrupted) == (USERS, USERS)


async def test_it_comes_back_although_a_node_is_dead_and_a_node_although_it_is_dead(
    stage: Callable[..., Lab],
) -> None:
    async with stage().cluster("redis") as cluster:
        await cluster.kill("n1")
        await cluster.kill_balancer()
        await cluster.start_balancer()
        assert (await cluster.client("alice").login()).node == "n2"
        await cluster.kill_balancer()
        await cluster.start("n1")
        await cluster.start_balancer()
        assert await cluster.backends() == {"n1": "up", "n2": "up"}


async def test_each_change_is_an_event(stage: Callable[..., Lab], seen: list[Event]) -> None:
    async with stage().cluster("memory", nodes=1) as cluster:
        await cluster.freeze_balancer()
        await cluster.thaw_balancer()
        await cluster.kill_balancer()
        await cluster.start_balancer()
    told = [(event.kind, event.data.get("part")) for event in seen if "began" in event.data]
    assert told == [
        ("part.paused", "balancer"),
        ("balancer.killed", None),
        ("balancer.started", None),
    ]
    kinds = [event.kind for event in seen]
    assert kinds.index("part.resumed") < kinds.index("balancer.started")


async def test_what_it_is_not_cannot_be_undone(stage: Callable[..., Lab]) -> None:
    async with stage().cluster("memory", nodes=1) as cluster:
        with pytest.raises(StepError, match="running already"):
            await cluster.start_balancer()
        await cluster.kill_balancer()
        for step in (
            cluster.kill_balancer,
            cluster.freeze_balancer,
            cluster.thaw_balancer,
            cluster.restart_balancer,
            cluster.reload_balancer,
            cluster.backends,
            cluster.add_node,
        ):
            with pytest.raises(StepError, match="the balancer is not running"):
                await step()
    async with stage().single_server() as server:
        for step in (server.kill_balancer, server.start_balancer, server.freeze_balancer):
            with pytest.raises(StepError, match="this cluster has no balancer"):
                await step()


async def test_a_run_in_which_the_lab_is_in_trouble_has_shown_nothing() -> None:
    async def story(lab: Lab) -> None:
        async with lab.cluster("memory", nodes=1) as cluster:
            alice = cluster.client("alice", "192.0.2.1")
            async with lab.asking([alice], Client.me) as traffic:
                await traffic.round()
            lab.claim("Nobody is lost", expected=0, observed=lab.users_of(cluster).lost)

    told = Scenario("own-trouble", "The lab itself is in trouble", story)
    result = await run([told], Settings(), Events())
    (scenario,) = result.scenarios
    assert (scenario.outcome, result.exit_status) == (Outcome.ERROR, 3)
    assert scenario.reason
    assert "could not go on" in scenario.reason
    assert len(scenario.history) == 0
