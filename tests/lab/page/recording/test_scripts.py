"""What was done by hand is done again by its script, and holds; on another cluster it does not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.events import Events
from sessionlab.lab.page.recording.recorder import Recorder
from sessionlab.lab.scenario.finding import chosen
from sessionlab.lab.scenario.lab import Settings
from sessionlab.lab.scenario.runner import run_one
from sessionlab.lab.verdicts.fates import tally
from sessionlab.lab.verdicts.results import Outcome
from tests.lab.page.seen.live_clusters import seen_live

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from sessionlab.lab.scenario.lab import Sabotage
    from sessionlab.lab.verdicts.results import ScenarioResult

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def log_in(cluster: Cluster, *names: str) -> list[Client]:
    clients = [cluster.client(name) for name in names]
    for client in clients:
        await client.login()
    return clients


async def ask_around(cluster: Cluster) -> None:
    alice, bob = await log_in(cluster, "alice", "bob")
    for _ in range(4):
        await alice.me()
        await bob.me()
    await alice.try_login()
    await alice.me()
    await bob.do("logout")
    await bob.me()


async def kill_a_home(cluster: Cluster) -> None:
    alice, bob, carol = await log_in(cluster, "alice", "bob", "carol")
    await alice.write("tea")
    await alice.read()
    home = (await bob.me()).node or ""
    await cluster.kill(home)
    for client in (alice, bob, carol, alice):
        await client.me()
    await bob.login()
    await bob.me()
    await cluster.start(home)
    await alice.read()


async def stop_redis(cluster: Cluster) -> None:
    alice, bob = await log_in(cluster, "alice", "bob")
    await alice.write("tea")
    await bob.me()
    await alice.read()
    await cluster.stop_redis()
    await alice.me()
    await bob.me()
    await cluster.start_redis()
    await alice.me()
    await bob.me()
    await bob.login()
    await bob.me()


async def break_a_lot(cluster: Cluster) -> None:
    alice, bob = await log_in(cluster, "alice", "bob")
    await alice.me()
    await cluster.kill((await bob.me()).node or "")
    await bob.me()
    await cluster.add_node()
    await cluster.remove_node(next(iter(cluster.nodes)))
    await alice.me()
    await cluster.restart_balancer()
    await bob.me()
    await alice.me()
    await bob.me()


async def deploy(cluster: Cluster) -> None:
    alice, bob = await log_in(cluster, "alice", "bob")
    await alice.me()
    await bob.me()
    await cluster.deploy("recreate", "2")
    await alice.me()
    await bob.me()
    await alice.login()
    await alice.me()


async def have_a_crowd(cluster: Cluster) -> None:
    """It asks all the time, also while a node is killed."""

    async def ask_often(client: Client) -> None:
        await client.try_login()
        for _ in range(20):
            await client.me()
            await asyncio.sleep(0.05)

    asking = [asyncio.create_task(ask_often(client)) for client in cluster.clients(12)]
    (alice,) = await log_in(cluster, "alice")
    await asyncio.sleep(0.3)
    await cluster.kill((await alice.me()).node or "")
    await alice.me()
    await asyncio.gather(*asking)


NAMES = ('"""', "'''; raise SystemExit", "{alice}", "lab", "class", "*/<script>", "1\\u202e\\", "ж")


async def be_hostile(cluster: Cluster) -> None:
    odd = [cluster.client(name) for name in NAMES]
    for client in [*odd, *await log_in(cluster, "alice", "bob")]:
        await client.try_login()
        await client.write('"""\\\n\'{x}" # <img>')
        await client.read()
        await client.me()


def strategy(name: str) -> Sabotage:
    def sabotaged(description: Description) -> Description:
        (service,) = description.services
        return replace(description, redis=True, services=(replace(service, strategy=name),))

    return sabotaged


def untied(description: Description) -> Description:
    return replace(description, affinity="none")


CASES: dict[str, tuple[Callable[[Cluster], Awaitable[None]], dict[str, object], Sabotage]] = {
    "memory": (ask_around, {"strategy": "memory"}, strategy("redis")),
    "sticky and kill": (kill_a_home, {"strategy": "memory", "affinity": "cookie"}, strategy("jwt")),
    "redis and stop": (stop_redis, {"strategy": "redis"}, strategy("jwt")),
    "jwt": (break_a_lot, {"strategy": "jwt"}, strategy("memory")),
    "jwt, nothing broken": (ask_around, {"strategy": "jwt"}, strategy("memory")),
    "deploy": (deploy, {"strategy": "memory", "affinity": "cookie"}, strategy("redis")),
    "redis and deploy": (deploy, {"strategy": "redis"}, strategy("memory")),
    "crowd": (have_a_crowd, {"strategy": "memory", "affinity": "cookie"}, strategy("jwt")),
    "hostile": (be_hostile, {"strategy": "memory", "affinity": "cookie"}, untied),
}


CLAIMED = {
    "memory": "A session is known to the node that made it, and to no other",
    "sticky and kill": "A node was killed: who is logged in is known as long as the node of the",
    "redis and stop": "Redis was stopped: nobody is served",
    "jwt": "A node was killed: who is logged in is known",
    "jwt, nothing broken": "After a logout: everybody is known",
    "deploy": "Another version was deployed: who is logged in is known as long as the node of the",
    "redis and deploy": "Another version was deployed: who is logged in is known",
    "crowd": "A node was killed: who is logged in is known as long as the node of the session",
    "hostile": "After a new login: what was put into a cart is in it",
}


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
async def test_what_was_done_by_hand_is_done_again_and_holds(
    case: str, fabric: LocalFabric, tmp_path: Path
) -> None:
    by_hand, wishes, sabotage = CASES[case]
    async with seen_live(fabric, **wishes) as (cluster, live):  # type: ignore[arg-type]
        await by_hand(cluster)
        tabs = {("alice", 0): "her browser"} if case == "crowd" else None
        recording = await Recorder(tmp_path).record("", live, cluster.description, tabs)

    assert f'"{CLAIMED[case]}' in recording.script
    held = await told(recording.folder, fabric)
    assert held.outcome is Outcome.HELD, f"{held.reason}\n{held.claims}\n{recording.script}"
    if case != "crowd":  # which is not told one by one
        assert tally(held.users.judged) == tally(live.history.standings.judged())
    broken = await told(recording.folder, fabric, sabotage)
    assert broken.outcome is Outcome.BROKEN, f"{broken.reason}\n{recording.script}"


async def told(
    folder: str, fabric: LocalFabric, sabotage: Sabotage | None = None
) -> ScenarioResult:
    (story,) = chosen([f"{folder}/scenario.py"])
    return await run_one(story, Settings(sabotage=sabotage), fabric, Events())
