"""What the page says of its users, while real clusters are broken under them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.users import Users
from tests.lab.page.seen.live_clusters import seen_live

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def until(seen: Callable[[], bool], seconds: float = 5.0) -> float:
    """How long it took; fails when it takes longer."""
    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def test_a_loss_is_said_with_its_cause_within_half_a_second(fabric: LocalFabric) -> None:
    async with seen_live(fabric, affinity="cookie") as (cluster, live):
        told: list[str] = []
        watching = asyncio.create_task(live.watch(told.append))
        alice, bob, carol = (cluster.client(name) for name in ("alice", "bob", "carol"))
        for client in (alice, bob, carol):
            await client.login()
        well = "nobody lost a login: all 3 users were known"
        assert live.sentence == well
        home = (await alice.me()).node or ""
        await cluster.kill(home)
        assert live.sentence == well  # nobody has seen it yet

        await alice.me()

        took = await until(lambda: any("logged out" in said for said in told))
        killed = next(event for event in live.events if event.kind == "node.killed")
        expected = f"1 of 3 users was logged out: {home} was killed at {killed.began:.1f} s"
        assert told[-1] == live.sentence == expected
        assert took < 0.5
        assert live.fate("alice", alice.tab) == "logged out"
        assert live.fate("bob") == "kept"
        assert live.fate("nobody") == ""
        watching.cancel()


async def test_behind_a_balancer_that_stands_still_users_are_stuck_until_they_are_answered(
    fabric: LocalFabric,
) -> None:
    async with seen_live(fabric, affinity="cookie") as (cluster, live):
        users = cluster.clients(3)
        for client in users:
            await client.login()
            await client.me()
        await cluster.freeze_balancer()
        for client in users:
            client.patience, patience = 0.2, client.patience
            await client.me()
            client.patience = patience
        frozen = next(event for event in live.events if event.kind == "part.paused")
        at = f"the balancer was frozen at {frozen.began:.1f} s"
        assert live.sentence == f"3 of 3 users were stuck: {at}"
        (view,) = (await live.page()).views
        assert (view.sentence, view.users.counts[Fate.STUCK]) == (live.sentence, 3)

        await cluster.thaw_balancer()
        for client in users[:2]:
            await client.me()
        assert live.sentence == f"1 of 3 users was stuck: {at}"
        await users[2].me()
        assert live.sentence.startswith("nobody lost a login: all 3 users were known; 3 got errors")


async def test_the_view_says_what_the_sentence_says_and_what_judge_would(
    fabric: LocalFabric,
) -> None:
    async with seen_live(fabric) as (cluster, live):
        users = cluster.clients(6)
        for client in users:
            await client.login()
            await client.me()
        page = await live.page()

        (view,) = page.views
        judged = Users.of(live.history, live.events)
        assert page.sentence == view.sentence == live.sentence
        assert view.users.counts[Fate.LOGGED_OUT] == judged.logged_out == 6
        assert [str(loss) for loss in judged.losses] == view.losses.reasons
        assert view.requests == len(live.history) == 12
        assert {lane.fate for lane in view.users.lanes} == {live.fate(users[0].user)}
        assert next(one for one in view.findings if one.check == CONTINUITY.name).figures
        assert await live.page() is page

        await users[0].me()
        await cluster.kill("n3")
        again = (await live.page()).views[0]
        assert again.requests == 13
        assert [fault.text for fault in again.faults] == ["n3 was killed"]
        assert again.ended >= again.faults[0].began


async def test_a_second_tab_of_a_browser_fares_as_its_session_does(fabric: LocalFabric) -> None:
    async with seen_live(fabric, "redis") as (cluster, live):
        first, second = cluster.client("alice"), cluster.client("alice")
        second.share(first)
        await first.login()
        await second.me()

        assert live.fate("alice", second.tab) == live.fate("alice", first.tab) != ""


async def test_another_clusters_events_are_not_this_ones(fabric: LocalFabric) -> None:
    async with seen_live(fabric) as (_, live):
        before = len(live.events)
        live._run.emit("node.killed", cluster="another-1", node="n1")
        live._run.emit("request.completed", cluster=live.label)

        assert len(live.events) == before


async def test_a_crowd_that_asks_for_long_is_thinned_out_and_the_page_says_so(
    fabric: LocalFabric,
) -> None:
    async with seen_live(fabric, "jwt", most=60) as (cluster, live):
        clients = cluster.clients(4)
        for client in clients:
            await client.login()
        for _ in range(30):
            for client in clients:
                await client.me()
            assert live.sentence
        view = (await live.page()).views[0]

        assert len(live.history) <= 60
        assert view.users.total == 4
        assert view.sentence == live.sentence
        assert f"{len(live.history)} of 124 requests are counted in the charts" in view.sampled[0]
