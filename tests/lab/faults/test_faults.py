"""Every fault is seen to have its effect on a real cluster, and to be gone when it is healed."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import LINKS, Description, Service
from sessionlab.lab.errors import NothingShown, Skip, StepError, UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.faults.interface import Broken
from sessionlab.lab.record.history import History
from sessionlab.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def wired(fabric: LocalFabric) -> AsyncIterator[tuple[Cluster, list[Event]]]:
    """Two nodes with a Redis and links everywhere, for tests that leave all as they found it."""
    seen: list[Event] = []
    described = Description((Service("app", 2, "redis"),), links=LINKS)
    sandbox = fabric.sandbox("wired")
    async with Cluster(described, sandbox, history=History(), events=Events(seen.append)) as found:
        yield found, seen


@pytest.fixture
def shop(wired: tuple[Cluster, list[Event]]) -> Cluster:
    return wired[0]


@pytest.fixture
def told(wired: tuple[Cluster, list[Event]]) -> list[Event]:
    return wired[1]


def broken(cluster: Cluster, name: str, node: str = "n1", **given: str | float | bool) -> Broken:
    return Broken(FAULTS.named(name), cluster, node, given)


async def user(cluster: Cluster) -> Client:
    client = cluster.client("alice")
    await client.login()
    return client


async def hasty(cluster: Cluster, patience: float = 0.3) -> Client:
    """Who is logged in and connected, and does not wait for long."""
    client = cluster.client("alice", patience=patience)
    client.copy_credential(await user(cluster))
    while not (await client.me()).recognised:
        pass  # a busy machine
    return client


async def all_is_well(cluster: Cluster) -> None:
    async def up() -> bool:
        return set((await cluster.backends()).values()) == {"up"}

    await until("all nodes to be up", up)
    assert (await (await user(cluster)).me_times(4)).recognised == 4


@asynccontextmanager
async def timed(least: float) -> AsyncIterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began >= least


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in FAULTS if FAULTS[name].to != "link"])
async def test_every_fault_can_be_injected_and_healed_or_says_where(make: Make, name: str) -> None:
    async with make("redis") as cluster:
        if "(docker)" in FAULTS[name].summary:
            with pytest.raises(Skip, match="this fabric can't"):
                await broken(cluster, name).__aenter__()
            return
        async with broken(cluster, name):
            pass
        await all_is_well(cluster)


@pytest.mark.parametrize(
    "name", ["freeze-node", "full-redis", "partition-redis", "freeze-balancer"]
)
async def test_a_block_that_is_cancelled_mends_what_it_broke(shop: Cluster, name: str) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), broken(shop, name):
            await asyncio.Event().wait()
    await all_is_well(shop)


async def test_a_block_that_is_cancelled_while_it_breaks_mends_what_it_has_broken(
    shop: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    partition = shop.faults.partition

    async def cut_off_half_way(one: str, other: str) -> None:
        await partition(one, other)
        raise asyncio.CancelledError

    monkeypatch.setattr(shop.faults, "partition", cut_off_half_way)
    with pytest.raises(asyncio.CancelledError):
        await broken(shop, "partition", "").__aenter__()
    await all_is_well(shop)


async def test_what_a_block_that_fails_cannot_mend_is_told_beside_its_failure(
    make: Make, seen: list[Event]
) -> None:
    async with make() as cluster:
        block = broken(cluster, "freeze-node")
        await block.__aenter__()
        await cluster.kill("n1")
        await block.__aexit__(ValueError, ValueError("of the story"), None)
    (failed,) = [event.data for event in seen if event.kind == "fault.failed"]
    assert (failed["part"], failed["error"]) == ("n1", "n1 is not running")


async def test_a_link_s_fault_takes_a_link(make: Make) -> None:
    async with make(nodes=1) as cluster:
        for name in (name for name in FAULTS if FAULTS[name].to == "link"):
            with pytest.raises(Skip, match="this fabric can't"):
                await broken(cluster, name).__aenter__()


async def test_nothing_is_lost_while_nothing_is_set(shop: Cluster) -> None:
    alice = await user(shop)
    for number in range(20):
        await alice.add_to_cart(f"item-{number}")
    assert len((await alice.cart()).items or ()) == 20
    assert (await shop.ask_each_node(alice)).recognised == 2


@pytest.mark.parametrize("between", LINKS)
@pytest.mark.parametrize("name", ["latency", "jitter"])
async def test_answers_come_late(shop: Cluster, name: str, between: str) -> None:
    alice = await user(shop)
    async with broken(shop, name, "", between=between, delay=0.2), timed(0.14):
        assert (await alice.me_times(2)).recognised == 2
    await all_is_well(shop)


async def test_one_node_of_two_is_slow(shop: Cluster) -> None:
    alice = await user(shop)
    async with broken(shop, "latency", "n2", delay=0.3):
        took = {}
        for _ in range(2):
            began = time.monotonic()
            node = (await alice.me()).node
            took[node] = time.monotonic() - began
        assert took["n2"] >= 0.29 > took["n1"]


async def test_bandwidth(shop: Cluster) -> None:
    alice = await user(shop)
    slow = broken(shop, "bandwidth", between="clients-balancer", rate=8_000)
    async with slow, timed(0.2):  # for some 300 bytes
        assert (await alice.me()).recognised
    await all_is_well(shop)


async def test_the_next_two_requests_are_reset(shop: Cluster, told: list[Event]) -> None:
    alice = await user(shop)
    async with broken(shop, "reset", between="clients-balancer", count=2):
        statuses = [answer.status for answer in await alice.me_times(4)]
    assert statuses[0] is None
    assert statuses[2:] == [200, 200], "a client may ask a second time by itself"
    assert [event.data["struck"] for event in told if event.kind == "link.repaired"][-1] == 2


async def test_connections_to_a_node_are_reset_now(shop: Cluster) -> None:
    alice = await user(shop)
    async with broken(shop, "reset", "n1", now=True):
        assert set((await alice.me_times(4)).nodes) == {"n2"}  # the balancer goes elsewhere
    await all_is_well(shop)


async def test_a_half_open_connection_is_silence(shop: Cluster) -> None:
    alice = await hasty(shop)
    async with broken(shop, "half-open", between="clients-balancer", towards="client"):
        assert (await alice.me()).status is None
    await all_is_well(shop)


@pytest.mark.parametrize(
    ("between", "statuses"),
    [("clients-balancer", {None}), ("balancer-nodes", {None, 502, 503, 504})],
)
async def test_behind_a_partition_nobody_is_served(
    shop: Cluster, between: str, statuses: set[int | None]
) -> None:
    alice = await hasty(shop, patience=0.5)
    async with broken(shop, "partition", "", between=between):
        assert {answer.status for answer in await alice.me_times(2)} <= statuses
    await all_is_well(shop)


async def test_a_node_behind_a_partition_is_down_to_the_balancer(shop: Cluster) -> None:
    async def down() -> bool:
        return (await shop.backends())["n2"] == "down"

    async with broken(shop, "partition", "n2"):
        await until("n2 to be down", down)
        assert set((await (await user(shop)).me_times(2)).nodes) == {"n1"}
    await all_is_well(shop)


async def test_a_node_without_its_redis_fails_alone(shop: Cluster) -> None:
    alice = await user(shop)
    async with broken(shop, "partition-redis", "n1"):
        answers = {node: await alice.me(at=url) for node, url in urls(shop).items()}
        assert answers["n1"].status == 503
        assert answers["n2"].recognised
    await all_is_well(shop)


def urls(cluster: Cluster) -> dict[str, str]:
    return {name: node.url for name, node in cluster.nodes.items()}


async def test_a_cookie_gets_lost_on_the_way(shop: Cluster) -> None:
    alice = shop.client("alice")
    async with broken(shop, "drop-cookie", "", between="balancer-nodes", count=1):
        assert (await alice.try_login()).status == 200
        assert (await alice.me()).status == 401
        await alice.login()
    await all_is_well(shop)


@pytest.mark.parametrize("name", ["answer-readonly", "answer-full"])
async def test_the_next_write_of_each_node_is_refused(shop: Cluster, name: str) -> None:
    alice = await user(shop)
    async with broken(shop, name, "", count=1):
        tried = [await shop.client("bob").try_login() for _ in range(4)]
        assert [answer.status for answer in tried] == [503, 503, 200, 200]
        assert (await alice.me()).recognised
    await all_is_well(shop)


@pytest.mark.parametrize("name", ["full-redis", "readonly-redis"])
async def test_redis_takes_no_writes(make: Make, name: str) -> None:
    async with make("redis") as cluster:
        alice = await user(cluster)
        async with broken(cluster, name):
            assert (await cluster.client("bob").try_login()).status == 503
        assert (await alice.me()).recognised
        await all_is_well(cluster)


async def test_a_flush_logs_all_out_and_lets_them_in_again(make: Make) -> None:
    async with make("redis") as cluster:
        alice = await user(cluster)
        async with broken(cluster, "flush-redis"):
            assert (await alice.me()).status == 401
        await all_is_well(cluster)


async def test_a_slow_redis_is_waited_for(make: Make) -> None:
    async with make("redis") as cluster:
        alice = await user(cluster)
        async with broken(cluster, "slow-redis", delay=0.2):
            slow = await alice.me_times(4)
        assert slow.recognised == 4
        assert 0.2 <= slow.seconds > (await alice.me_times(4)).seconds


async def test_a_frozen_redis_is_silence(make: Make) -> None:
    async with make("redis") as cluster:
        alice = await hasty(cluster)
        async with broken(cluster, "freeze-redis"):
            assert (await alice.me()).status is None
        await all_is_well(cluster)


async def test_a_frozen_node_is_silence_and_a_killed_one_has_forgotten(make: Make) -> None:
    async with make(nodes=1) as cluster:
        alice, other = await user(cluster), await hasty(cluster)
        async with broken(cluster, "freeze-node"):
            assert (await other.me()).status is None
        assert (await alice.me()).recognised
        async with broken(cluster, "restart-node"):
            assert (await alice.me()).status == 401


async def test_nodes_come_and_go_and_change_versions(make: Make) -> None:
    async with make("redis", links=LINKS) as cluster:
        async with broken(cluster, "add-node"):
            assert list(cluster.nodes) == ["n1", "n2", "n3"]
        assert list(cluster.nodes) == ["n1", "n2"]
        async with broken(cluster, "remove-node"):
            assert list(cluster.nodes) == ["n2"]
        assert list(cluster.nodes) == ["n2", "n4"]
        async with broken(cluster, "deploy", how="recreate", version="7"):
            assert set((await cluster.versions()).values()) == {"7"}
        await all_is_well(cluster)


async def test_a_killed_node_behind_a_link_is_as_dead_as_without(make: Make) -> None:
    """Nobody is lost but who was being served: who connects is refused at once."""
    async with make("redis", links=LINKS) as cluster:
        clients = cluster.clients(20)
        for client in clients:
            await client.login()
        async with broken(cluster, "kill-node", "n1"):
            # The first may take a connection that the link has not heard the end of yet.
            await asyncio.gather(*(client.try_login() for client in clients))
            answers = await asyncio.gather(*(client.try_login() for client in clients))
            assert {answer.node for answer in answers} == {"n2"}
        async with broken(cluster, "restart-balancer"):
            assert (await clients[0].try_login()).status == 200
        await all_is_well(cluster)


async def test_tls_passes_through_a_link_unread(make: Make) -> None:
    async with make("redis", links=LINKS[:1], tls=True) as cluster:
        alice = await user(cluster)
        async with broken(cluster, "latency", between=LINKS[0], delay=0.1), timed(0.09):
            assert (await alice.me()).recognised
        with pytest.raises(StepError, match="takes a link that speaks http, not bytes"):
            await broken(cluster, "drop-cookie", between=LINKS[0]).__aenter__()


async def test_who_goes_by_a_client_s_address_sees_it_through_a_link(make: Make) -> None:
    async with make(nodes=3, links=LINKS[:2], affinity="source") as cluster:
        for number in range(2, 6):
            one = cluster.client(f"user-{number:06d}", f"127.7.7.{number}")
            await one.login()
            assert (await one.me_times(4)).recognised == 4
        pins = await cluster._runtime.front().pins()
        assert sum(pins.values()) == 4, "each address is a pin of its own"


async def ends_its_link(cluster: Cluster) -> None:
    async with cluster:
        await cluster._sandbox.signal("clients-balancer.link", 9)
        assert await cluster._sandbox.gone("clients-balancer.link") == -9


async def test_a_link_that_ends_is_the_lab_s_trouble(make: Make, seen: list[Event]) -> None:
    cluster = make(nodes=1, links=LINKS[:1])
    with pytest.raises(NothingShown, match=r"clients-balancer.link ended"):
        await ends_its_link(cluster)
    assert "link.ended" in [event.kind for event in seen]


async def test_what_a_parameter_can_t_be_is_said(shop: Cluster) -> None:
    with pytest.raises(UsageError, match="dely: this fault has no such parameter") as error:
        broken(shop, "latency", dely=1)
    assert error.value.hint == "did you mean delay?"
    with pytest.raises(UsageError, match="delay: 'long' is no float"):
        broken(shop, "latency", delay="long")
    with pytest.raises(StepError, match=r"n1.link: latency: delay = -1.0"):
        await broken(shop, "latency", delay=-1.0).__aenter__()
