"""Every claim turns false on a cluster that is deliberately wrong.

A check that nobody has seen fail is not finished: `test_scenarios` holds that no claim is left
out. Each sabotage changes the cluster behind its story's back, and names the claims (counted from
1) that must be seen broken.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.clients.client import Client
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.membership import Membership
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.description.keys import new_key
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.lab import Sabotage, Settings
from sessionlab.lab.scenario.runner import run_one

if TYPE_CHECKING:
    from sessionlab.lab.cluster.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

Patch = Callable[[pytest.MonkeyPatch], None]


def services(**changes: object) -> Sabotage:
    """Change every service of the cluster."""

    def sabotage(description: Description) -> Description:
        changed = tuple(replace(one, **changes) for one in description.services)  # type: ignore[arg-type]
        return replace(description, services=changed)

    return sabotage


def whole(**changes: object) -> Sabotage:
    """Change the cluster itself."""
    return lambda description: replace(description, **changes)  # type: ignore[arg-type]


def only_for(strategy: str, sabotage: Sabotage) -> Sabotage:
    """Sabotage only the clusters of that strategy, in a story that builds several."""

    def sabotaged(description: Description) -> Description:
        wanted = description.services[0].strategy == strategy
        return sabotage(description) if wanted else description

    return sabotaged


def on_store_down(does: str) -> Sabotage:
    return services(options={"on-store-down": does})


def with_redis(strategy: str) -> Sabotage:
    """Another strategy, and the Redis that nobody asks kept running."""
    return lambda description: replace(services(strategy=strategy)(description), redis=True)


def ids_in_the_first_token_cluster() -> Sabotage:
    """Ids instead of tokens, but only where no key and no end of a token matters."""
    clusters = itertools.count()
    sabotage = services(strategy="redis")
    return only_for("jwt", lambda one: one if next(clusters) else sabotage(one))


def the_other_hash(description: Description) -> Description:
    name, _, key = description.algorithm.partition(":")
    other = {"hash": "consistent-hash", "consistent-hash": "hash"}[name]
    return replace(description, algorithm=f"{other}:{key}")


def every_setting_is_another(description: Description) -> Description:
    """What keeps sessions where they should go, and what loses them where they should stay.

    Not where the sessions of a drain are learnt: that is for the drain to break.
    """
    strategy = description.services[0].strategy
    if strategy == "memory":
        shared = services(strategy="redis")(description)
        return description if description.affinity.startswith("learn") else shared
    if strategy == "jwt" and not description.one_key:
        return replace(description, one_key=True)
    return services(strategy="memory")(description)


def three_servers(_: Description) -> Description:
    return Description((Service("app", 3, "memory"),))


def honest(description: Description) -> Description:
    return description


def a_node_is_dead_from_the_start(patch: pytest.MonkeyPatch) -> None:
    start = Cluster._start

    async def start_and_kill(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.kill("n1")

    patch.setattr(Cluster, "_start", start_and_kill)


def all_die_with_one(patch: pytest.MonkeyPatch) -> None:
    kill = Cluster.kill

    async def kill_all(cluster: Cluster, _: str) -> None:
        for name in cluster.nodes:
            await kill(cluster, name)

    patch.setattr(Cluster, "kill", kill_all)


def new_nodes_die_at_once(patch: pytest.MonkeyPatch) -> None:
    add = Cluster.add_node

    async def add_and_kill(cluster: Cluster, service: str = "") -> Node:
        node = await add(cluster, service)
        await cluster.kill(node.name)
        return node

    patch.setattr(Cluster, "add_node", add_and_kill)


def a_node_dies_with_redis(patch: pytest.MonkeyPatch) -> None:
    stop = Cluster.stop_redis

    async def stop_both(cluster: Cluster) -> None:
        await stop(cluster)
        await cluster.kill("n1")
        while (await cluster.backends())["n1"] == "up":
            pass

    patch.setattr(Cluster, "stop_redis", stop_both)


def old_keys_are_dropped_at_once(patch: pytest.MonkeyPatch) -> None:
    rotate = Cluster.rotate_keys

    async def rotate_and_retire(cluster: Cluster) -> None:
        await rotate(cluster)
        await cluster.retire_keys()

    patch.setattr(Cluster, "rotate_keys", rotate_and_retire)


def old_keys_are_never_dropped(patch: pytest.MonkeyPatch) -> None:
    async def keep(_: Cluster) -> None:
        pass

    patch.setattr(Cluster, "retire_keys", keep)


def every_key_is_dropped(patch: pytest.MonkeyPatch) -> None:
    async def replace_all(cluster: Cluster) -> None:
        await cluster._runtime.use_keys([new_key()])

    patch.setattr(Cluster, "retire_keys", replace_all)


def a_drain_that_cuts(patch: pytest.MonkeyPatch) -> None:
    send_off = Membership.send_off

    async def at_once(members: Membership, nodes: Sequence[Node], limit: float) -> None:
        assert limit >= 0
        await send_off(members, nodes, 0)

    patch.setattr(Membership, "send_off", at_once)


def nothing_is_deployed(patch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Cluster, how: object, version: str) -> None:
        pass

    patch.setattr(Cluster, "deploy", nothing)


def a_reload_that_forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Cluster, "reload_balancer", Cluster.restart_balancer)


def a_restart_that_does_not_happen(patch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Cluster) -> None:
        pass

    patch.setattr(Cluster, "restart_balancer", nothing)


def all_die_after_the_restart(patch: pytest.MonkeyPatch) -> None:
    restart = Cluster.restart_balancer

    async def restart_and_kill(cluster: Cluster) -> None:
        await restart(cluster)
        for name in cluster.nodes:
            await cluster.kill(name)

    patch.setattr(Cluster, "restart_balancer", restart_and_kill)


def the_balancer_is_not_told(patch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Cluster, name: str) -> None:
        pass

    patch.setattr(Cluster, "remove_node", nothing)


def nobody_forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Client, "forget", lambda _: None)


@dataclass(frozen=True, slots=True)
class Case:
    scenario: str
    what: str
    breaks: set[int]
    sabotage: Sabotage = honest
    patch: Patch | None = None

    def __str__(self) -> str:
        return f"{self.scenario}: {self.what}"


SHORT_LIVED = services(options={"idle": "0.001"})
AFFINITY_OFF = whole(affinity="none")
ADDED = {"cart-delay": "0.1", "cart-writes": "field"}
WHOLE = {"cart-delay": "0.1", "cart-writes": "record"}
TRUSTING = {"jwt-transport": "cookie", "trust-proxy": "0.0.0.0/0"}
IN_THE_BODY = {"jwt-transport": "bearer"}
NEVER = {"jwt-transport": "cookie", "cookie-secure": "never"}
BROKEN_NODE = "tests.scenarios.broken_node"

CASES = [
    Case("stateless-http", "sessions end at once", {1}, SHORT_LIVED),
    Case("stateless-http", "a connection is remembered", {2}, services(program=BROKEN_NODE)),
    Case(
        "reference-and-value",
        "the id is a token",
        {1, 2},
        only_for("memory", services(strategy="jwt")),
    ),
    Case(
        "reference-and-value",
        "the token is an id",
        {3, 4},
        only_for("jwt", services(strategy="memory")),
    ),
    Case(
        "reference-and-value",
        "signatures are not looked at",
        {5},
        only_for("jwt", services(program=BROKEN_NODE)),
    ),
    Case("monolith", "there are three servers", {1, 2}, three_servers),
    Case("monolith", "the session is a token", {3}, services(strategy="jwt")),
    Case("memory-round-robin", "sessions are shared", {1, 2, 3}, services(strategy="redis")),
    Case("memory-round-robin", "affinity is on", {2, 3}, whole(affinity="cookie")),
    Case("redis-round-robin", "sessions in memory", {1, 2, 3}, services(strategy="memory")),
    Case("redis-down", "sessions in memory", {1, 2}, with_redis("memory")),
    Case("redis-down", "nobody needs Redis", {2, 4}, with_redis("jwt")),
    Case("redis-down", "a node dies with Redis", {3}, honest, a_node_dies_with_redis),
    Case("redis-blip", "Redis forgets", {3, 4, 7}, whole(redis_keeps=False)),
    Case("redis-blip", "cookies are cleared, always", {1, 2, 3, 4}, on_store_down("logout")),
    Case("redis-blip", "cookies are kept, always", {5, 6}, on_store_down("error")),
    Case("sticky", "affinity is off", {1, 2, 4, 5}, AFFINITY_OFF),
    Case("sticky", "a node is dead", {3, 6}, honest, a_node_is_dead_from_the_start),
    Case("sticky-node-dies", "affinity is off", {1, 2}, AFFINITY_OFF),
    Case("sticky-node-dies", "sessions are shared", {1, 2}, services(strategy="redis")),
    Case("sticky-node-dies", "all nodes die", {1, 2, 3}, honest, all_die_with_one),
    Case("sticky-scale-out", "affinity is off", {1, 2}, AFFINITY_OFF),
    Case("sticky-scale-out", "new nodes are dead", {3}, honest, new_nodes_die_at_once),
    Case("sticky-microservices", "affinity is off", {1}, AFFINITY_OFF),
    Case("sticky-microservices", "sessions are shared", {2, 3}, services(strategy="redis")),
    Case("jwt-everywhere", "a key for each node", {1, 2, 3, 4}, whole(one_key=False)),
    Case("jwt-everywhere", "sessions in Redis", {4}, services(strategy="redis")),
    Case("jwt-costs", "the session is a token", {1}, only_for("redis", services(strategy="jwt"))),
    Case("jwt-costs", "the token is an id", {2, 3}, ids_in_the_first_token_cluster()),
    Case(
        "jwt-costs",
        "an end that is not the end",
        {4},
        only_for("jwt", services(options={"jwt-lifetime": "1", "jwt-leeway": "60"})),
    ),
    Case("jwt-costs", "old keys dropped at once", {5}, honest, old_keys_are_dropped_at_once),
    Case("jwt-costs", "old keys never dropped", {6}, honest, old_keys_are_never_dropped),
    Case("jwt-costs", "every key dropped", {7}, honest, every_key_is_dropped),
    Case("scale-out-hash", "each server in turn", {1, 3, 6, 8}, whole(algorithm="round-robin")),
    Case("scale-out-hash", "the other hash", {2, 4, 5, 7, 9, 10}, the_other_hash),
    Case("keys-per-node", "a key for each node, always", {1}, whole(one_key=False)),
    Case("keys-per-node", "one key for all, always", {2, 3, 4, 5}, whole(one_key=True)),
    Case("two-tabs", "items are always added", {1, 3}, services(options=ADDED)),
    Case("two-tabs", "records are always whole", {2, 4}, services(options=WHOLE)),
    Case(
        "two-tabs",
        "the cart is in Redis",
        {5},
        only_for("jwt", services(strategy="redis", options=ADDED)),
    ),
    Case("tls-edge", "nobody is trusted", {1, 2}, whole(trust_balancer=False)),
    Case("tls-edge", "the balancer is trusted, always", {4}, whole(trust_balancer=True)),
    Case("tls-edge", "no cookie is set", {1, 2, 3, 4, 5, 6}, services(options=IN_THE_BODY)),
    Case("tls-edge", "everybody is trusted", {3}, services(options=TRUSTING)),
    Case(
        "tls-edge",
        "the balancer believes its clients",
        {2, 5},
        whole(balancer_options={"trust-proxy": "127.0.0.0/8"}),
    ),
    Case("tls-edge", "the cookie is never Secure", {6}, services(options=NEVER)),
]


INSIST = whole(balancer_options={"on-pin-lost": "fail"})
GIVE_IN = whole(balancer_options={"on-pin-lost": "redispatch"})

CASES += [
    Case(
        "rolling-deploy",
        "every setting is another, and a drain cuts",  # each has its cluster, and its claim
        {1, 2, 3, 4, 5, 6, 7},
        every_setting_is_another,
        a_drain_that_cuts,
    ),
    Case("rolling-deploy", "nothing is deployed", {8}, honest, nothing_is_deployed),
    Case("pinned-to-the-dead", "the balancer insists", {1}, INSIST),
    Case("pinned-to-the-dead", "the balancer gives in", {2, 4}, GIVE_IN),
    Case("pinned-to-the-dead", "affinity is off", {3}, AFFINITY_OFF),
    Case("pinned-to-the-dead", "the cookie is not dropped", {4}, honest, nobody_forgets),
    Case("pinned-to-the-dead", "the balancer is not told", {5}, honest, the_balancer_is_not_told),
    Case("balancer-restart", "it does not restart", {1}, honest, a_restart_that_does_not_happen),
    Case("balancer-restart", "all nodes die after it", {1, 2}, honest, all_die_after_the_restart),
    Case("balancer-restart", "affinity is off", {2, 4}, AFFINITY_OFF),
    Case("balancer-restart", "a reload that forgets", {3}, honest, a_reload_that_forgets),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric() -> AsyncIterator[LocalFabric]:
    fabric = LocalFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_claim_is_broken_when_the_cluster_is_wrong(
    case: Case, fabric: LocalFabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.patch:
        case.patch(monkeypatch)
    settings = Settings(nodes=3, sabotage=case.sabotage)
    result = await run_one(installed()[case.scenario], settings, fabric, Events())
    broken = {number for number, claim in enumerate(result.claims, 1) if not claim.holds}
    assert case.breaks <= broken, (result.reason, result.claims)
    assert result.exit_status == 1, result.reason
