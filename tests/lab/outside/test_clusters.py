"""Watching and probing real nodes behind the built-in balancer, as if others had started them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from sessionlab.lab.clients.network import ANY_NETWORK
from sessionlab.lab.events import Events
from sessionlab.lab.outside import calm, watching
from sessionlab.lab.outside.credentials import credentials
from sessionlab.lab.outside.findings import findings
from sessionlab.lab.outside.pacing import Pacer
from sessionlab.lab.outside.probing import Probe, planned
from sessionlab.lab.outside.reaching import address
from sessionlab.lab.outside.watching import Watch, Wishes
from sessionlab.lab.recipes.demo import demo
from sessionlab.lab.recipes.model import People

if TYPE_CHECKING:
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.outside.watched import Watched
    from sessionlab.lab.recipes.model import Recipe
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")
USERS = 6


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calm, "CALM", 0.3)
    monkeypatch.setattr(watching, "PERIOD", 0.05)


def recipe(cluster: Cluster) -> Recipe:
    names = [f"user-{number:06d}" for number in range(1, USERS + 1)]
    accounts = [{"name": name, "password": cluster.password} for name in names]
    return replace(demo(), users=People(list=accounts))


async def killed(cluster: Cluster, node: str) -> Watched:
    """What a watch saw of a command that kills a node."""
    pid = await cluster._sandbox.pid(node)
    wishes = Wishes(address(cluster.url), USERS, command=("kill", "-9", str(pid)))
    watch = Watch(recipe(cluster), wishes, ANY_NETWORK, Events(), Pacer(500))
    return await watch.run()


async def test_who_was_at_the_killed_node_is_lost_and_nobody_else(make: Make) -> None:
    async with make("memory", nodes=3, affinity="cookie") as cluster:
        seen = await killed(cluster, "n1")
    assert seen.counts["logged_out"] == 2
    assert seen.counts["kept"] == 4
    assert all("before it n1 had answered" in lost.saw for lost in seen.losses)


async def test_with_a_shared_store_they_move(make: Make) -> None:
    async with make("redis", nodes=3, affinity="cookie") as cluster:
        seen = await killed(cluster, "n1")
    assert seen.losses == []
    assert (seen.counts["moved"], seen.counts["kept"]) == (2, 4)


async def test_a_probe_tells_what_ties_them_and_what_a_jwt_is(make: Make) -> None:
    async with make("jwt", nodes=2, affinity="cookie") as cluster:
        described = recipe(cluster)
        pacer, plan = Pacer(500, 200, strictly=True), planned(described, 200)
        seen = await Probe(described, address(cluster.url), ANY_NETWORK, pacer, plan).run()
    found = {one.topic: one for one in (*findings(seen), *credentials(seen))}
    assert "sessionlab's own balancer" in found["affinity-cookie"].says
    assert found["without-affinity"].severity == "good"
    assert found["jwt"].evidence.startswith("algorithm HS256; claims: ")
    assert found["replay"].severity == "bad"
