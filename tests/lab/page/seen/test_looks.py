"""What a look at a real cluster says, also at one that is broken, and how long it takes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Events
from sessionlab.lab.page.model.visitors import Request
from sessionlab.lab.page.seen import balancing
from sessionlab.lab.page.seen.looks import Looks
from sessionlab.lab.page.seen.nodes import read
from sessionlab.lab.page.seen.store import PREFIX, short
from sessionlab.lab.record.history import History
from sessionlab.lab.waiting import until
from sessionlab.nodes.strategies.redis import PREFIX as NODES_PREFIX
from tests.lab.conftest import NUMBER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from sessionlab.lab.page.model.state import Part
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")
LONGEST = 1.6  # seconds that a look takes, at most, on a machine that has other work


@asynccontextmanager
async def looking(cluster: Cluster) -> AsyncIterator[Looks]:
    async with cluster:
        looks = Looks(cluster)
        yield looks
        await looks.close()


async def sent(cluster: Cluster, part: str, what: signal.Signals) -> None:
    """By somebody else than the lab, which does not know of it."""
    (pid,) = [one.pid for one in await cluster.inventory.looked_at() if one.name == part]
    assert pid
    os.kill(pid, what)


async def parts(looks: Looks) -> dict[str, Part]:
    for _ in range(2):  # what nodes have said is good for so long, and none of it is waited for
        await asyncio.sleep(0.6)
        await looks.parts({})
    began = time.monotonic()
    found = await looks.parts({"n1": 7})
    assert time.monotonic() - began < LONGEST
    return {one.name: one for one in found}


@pytest.mark.long
async def test_parts_say_what_is_known_of_each_and_no_more(make: Make) -> None:
    async with looking(make(nodes=3)) as looks:
        cluster = looks._cluster
        for user in ("alice", "bob", "carol", "alice"):
            await cluster.client(user).login()
        found = await parts(looks)
        assert [found[name].sessions for name in ("n1", "n2", "n3")] == [2, 1, 1]
        assert (found["n1"].requests, found["n2"].requests) == (7, 0)
        assert found["n1"].version
        assert found["balancer"].sessions is None
        await cluster.kill("n1")
        await cluster.faults.pause("n2")
        at_once = await looks.parts({})
        assert at_once[0].sessions is None, "its memory is gone, whatever it said before"
        found = await parts(looks)
        assert (found["n1"].state, found["n1"].sessions, found["n1"].version) == ("ended", None, "")
        assert (found["n2"].state, found["n2"].sessions) == ("frozen", 1)
        await cluster.faults.resume("n2")
        await cluster.start("n1")
        found = await parts(looks)
        assert [found[name].sessions for name in ("n1", "n2", "n3")] == [0, 1, 1]


@pytest.mark.long
async def test_a_node_that_hangs_holds_nothing_up(make: Make) -> None:
    async with looking(make(nodes=2)) as looks:
        await parts(looks)
        await sent(looks._cluster, "n1", signal.SIGSTOP)
        found = await parts(looks)
        assert (found["n1"].sessions, found["n1"].version) == (None, found["n2"].version)
        assert found["n2"].sessions == 0
        await sent(looks._cluster, "n1", signal.SIGCONT)


@pytest.mark.long
async def test_sessions_that_are_nowhere_in_a_node_are_not_counted(make: Make) -> None:
    for strategy in ("redis", "jwt"):
        async with looking(make(strategy, nodes=1)) as looks:
            await looks._cluster.client("alice").login()
            assert (await parts(looks))["n1"].sessions is None


async def test_the_next_choice_is_where_the_next_client_comes_to(make: Make) -> None:
    async with looking(make(nodes=3)) as looks:
        for turn in range(7):
            if turn == 3:
                await looks._cluster.drain("n2")
            said = await looks.balancing()
            answer = await looks._cluster.client("alice").login()
            assert (said.next, said.next_why) == (answer.node, f"it is {answer.node}'s turn")
            assert (said.pins, said.pins_total) == ([], 0)
            assert "nothing ties" in said.why


async def test_a_pin_says_whose_it_is_and_why_it_is_there(make: Make) -> None:
    async with looking(make(nodes=2, affinity="learn:sid")) as looks:
        cluster = looks._cluster
        alice, bob = cluster.client("alice"), cluster.client("bob")
        first, _ = await alice.login(), await bob.login()
        told = Request(
            0.0, "alice", "POST", "/login", first.node or "", 200, "", 0.1, tab="t1", pin="NI"
        )
        looks.heard([told])
        said = await looks.balancing({"t1": alice})
        assert (said.pins_total, said.counts, said.why) == (2, {"n1": 1, "n2": 1}, "")
        own = next(pin for pin in said.pins if pin.tab == "t1")
        other = next(pin for pin in said.pins if pin is not own)
        assert (own.node, other.tab) == (first.node, "")
        assert own.why.startswith("tied by the cookie sid")
        assert own.why.endswith("; the balancer had no pin, and made a new one (NI)")
        assert other.why == "tied by the cookie sid, which an answer gave it"
        assert alice.credential not in str(said)
        assert own.key not in alice.credential
        assert 0 <= own.last_seen <= own.since < 60


async def test_a_pin_that_has_moved_is_not_told_by_what_was_before(make: Make) -> None:
    async with looking(make(nodes=2, affinity="learn:sid")) as looks:
        alice = looks._cluster.client("alice")
        first = (await alice.login()).node or ""
        looks.heard(
            [Request(0.0, "alice", "POST", "/login", first, 200, "", 0.1, tab="t1", pin="NI")]
        )
        await looks._cluster.kill(first)

        async def moved() -> bool:
            await alice.me()
            (pin,) = (await looks.balancing({"t1": alice})).pins
            return pin.node != first and "NI" not in pin.why

        await until("the pin to move", moved)


async def test_by_address_all_of_this_machine_are_one(make: Make) -> None:
    async with looking(make(nodes=2, affinity="source")) as looks:
        for user in ("alice", "bob"):
            await looks._cluster.client(user).login()
        carol = looks._cluster.client("carol", "127.0.0.7")
        await carol.login()
        said = await looks.balancing({"t1": carol})
        own, all_others = said.pins
        assert (own.tab, own.why) == ("t1", "tied by the address that it comes from")
        assert (all_others.tab, "127.0.0.1" in all_others.why) == ("", True)


async def test_pins_in_cookies_are_counted(make: Make) -> None:
    async with looking(make(nodes=2, affinity="cookie")) as looks:
        for user in ("alice", "bob", "carol"):
            await looks._cluster.client(user).login()
        said = await looks.balancing()
        assert (said.pins, said.pins_total) == ([], 3)
        assert sum(said.counts.values()) == 3
        assert "sealed cookie" in said.why


async def test_many_pins_are_not_listed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balancing, "MOST_LISTED", 1)
    async with looking(make(nodes=1, affinity="learn:sid")) as looks:
        for user in ("alice", "bob"):
            await looks._cluster.client(user).login()
        said = await looks.balancing()
        assert (said.pins, said.pins_total) == ([], 2)
        assert said.why == "2 pins are too many to list: they are only counted"


@pytest.mark.long
async def test_a_balancer_that_cannot_answer_is_said_and_waited_for_a_moment(make: Make) -> None:
    async with looking(make(nodes=1)) as looks:
        cluster = looks._cluster
        await sent(cluster, "balancer", signal.SIGSTOP)
        began = time.monotonic()
        assert "does not answer" in (await looks.balancing()).why
        assert time.monotonic() - began < LONGEST
        await sent(cluster, "balancer", signal.SIGCONT)
        await looks.balancing()
        await cluster.freeze_balancer()
        assert (await looks.balancing()).why == "the balancer is frozen, so it says nothing"
        await cluster.thaw_balancer()
        await cluster.kill_balancer()
        assert (await looks.balancing()).next_why == "the balancer has ended, so it says nothing"


@pytest.mark.parametrize(
    "balancer",
    [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("haproxy", "nginx")],
)
async def test_other_balancers_tell_nothing_and_that_is_said(make: Make, balancer: str) -> None:
    async with looking(make(nodes=1, balancer=balancer, affinity="source")) as looks:
        said = await looks.balancing()
        assert said.why == f"{balancer} does not tell whom it ties"
        assert said.next_why == f"{balancer} does not tell whom it would choose next"
        assert (said.next, said.pins) == ("", [])


async def test_redis_is_looked_into_whole_or_broken(make: Make) -> None:
    async with looking(make("redis", nodes=1)) as looks:
        cluster = looks._cluster
        alice = cluster.client("alice")
        await alice.login()
        await alice.add_to_cart("tea")
        said = await looks.store()
        assert said
        (key,) = said.keys
        assert (said.total, said.why, said.says) == (1, "", "")
        assert key.says == "the session of alice, 1 item in the cart"
        assert key.ttl
        assert 0 < key.ttl <= 1800
        assert key.name.startswith(PREFIX)
        assert key.name.endswith("…")
        assert len(key.name) < 30

        async def after(step: object) -> tuple[str, str, int]:
            await step  # type: ignore[misc]
            began = time.monotonic()
            found = await looks.store()
            assert time.monotonic() - began < LONGEST
            assert found
            return found.why, found.says, found.total

        full = await after(cluster.redis.fill())
        assert full == ("", "it is full: it refuses what would take more", 1)
        assert await after(cluster.redis.make_room()) == ("", "", 1)
        assert (await after(cluster.redis.demote()))[1] == "it is a replica: it is read only"
        await cluster.redis.promote()
        await sent(cluster, "redis", signal.SIGSTOP)
        assert (await after(asyncio.sleep(0)))[0] == "Redis does not answer"
        await sent(cluster, "redis", signal.SIGCONT)
        assert await after(cluster.redis.flush()) == ("", "", 0)
        assert (await after(cluster.stop_redis()))[0] == "Redis has ended, so it says nothing"
        assert await after(cluster.start_redis()) == ("", "", 0)


async def test_in_a_redis_of_somebody_else_s_only_ours_is_looked_at(
    make: Make, fabric: LocalFabric
) -> None:
    async with make("redis", nodes=1) as theirs:
        redis = theirs.inventory.redis
        assert redis
        await redis.tell("SET", "sess:0123456789abcdef0123", "private")
        description = Description((Service("app", 1, "redis"),))
        told = {"history": History(), "events": Events(), "redis_url": redis.url}
        sandbox = fabric.sandbox(f"cluster-{next(NUMBER)}")
        async with looking(Cluster(description, sandbox, **told)) as looks:  # type: ignore[arg-type]
            await looks._cluster.client("alice").login()
            said = await looks.store()
            assert said
            assert (said.total, [key.kind for key in said.keys]) == (1, ["hash"])
        own = Looks(theirs)
        said = await own.store()
        assert said
        assert min(key.name for key in said.keys) == "sess:012345…"
        await own.close()


async def test_a_redis_that_lets_nobody_look_is_said_in_its_own_words(make: Make) -> None:
    async with looking(make("redis", nodes=1)) as looks:
        redis = looks._cluster.inventory.redis
        assert redis
        await redis.tell("ACL", "SETUSER", "default", "-info", "-scan")
        said = await looks.store()
        assert said
        assert said.why.startswith("Redis refuses to be looked at: ")
        assert (said.keys, said.total) == ([], 0)


async def test_who_looks_while_all_is_closed_is_told_nothing(make: Make) -> None:
    async with make(nodes=2, affinity="learn:sid") as cluster:
        looks = Looks(cluster)
        under_way = asyncio.gather(looks.parts({}), looks.balancing(), looks.store())
        await asyncio.sleep(0)
        await looks.close()
        await under_way
        assert (await looks.parts({}), (await looks.balancing()).pins) == ([], [])


async def test_a_cluster_without_redis_has_no_store(make: Make) -> None:
    async with looking(make(nodes=1)) as looks:
        assert await looks.store() is None


@pytest.mark.asyncio(loop_scope="function")
async def test_words() -> None:
    assert PREFIX == NODES_PREFIX
    assert short("sess:s%3AaB3xY-k_9Qw2ErT5yUi8") == "sess:s%3AaB3x…"
    assert short("queue:mails") == "queue:mails"
    said = read(b'sessionlab_sessions 3.0\nsessionlab_node_info{node="n1",version="a\\"b"} 1.0\n')
    assert (said.sessions, said.version) == (3, 'a"b')
