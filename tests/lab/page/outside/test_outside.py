"""The page of a stack that runs already: followed as it comes and goes, and never touched."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.cli.lasting.target import description_of
from sessionlab.lab.errors import LabError
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.external import ExternalFabric
from sessionlab.lab.page.desk.desk import Desk
from sessionlab.lab.page.model.doing import Act, NewCluster
from sessionlab.lab.page.model.visitors import NewTab, Send
from tests.lab.page.outside.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sessionlab.lab.page.model.state import Cluster

pytestmark = [pytest.mark.long, pytest.mark.asyncio]


@asynccontextmanager
async def page(stack: Stack) -> AsyncIterator[Desk]:
    fabric = ExternalFabric(stack.target, stays=True)
    description = await asyncio.to_thread(description_of, stack.target, ())
    await fabric.open()
    try:
        async with Desk(description, fabric, Events()) as desk:
            yield desk
    finally:
        await fabric.close()


async def until(desk: Desk, true: Callable[[Cluster], bool]) -> Cluster:
    """What the page says of the stack once that is true of it."""
    async with asyncio.timeout(30):
        while not true(cluster := (await desk.state()).clusters[0]):
            await asyncio.sleep(0.1)
    return cluster


def states(cluster: Cluster) -> dict[str, str]:
    return {part.name: part.state for part in cluster.parts}


async def test_its_nodes_are_met_and_the_balancer_s_names_are_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(monkeypatch) as stack, page(stack) as desk:
        seen = await until(
            desk,
            lambda one: all(p.seen == "up" for p in one.parts[:2]) and one.balancing.next != "",
        )
        assert states(seen) == {"n2": "running", "n3": "running", "balancer": "running"}
        assert seen.balancing.next in ("n2", "n3")
        assert seen.balancing.next_why == f"it is {seen.balancing.next}'s turn"
        assert (seen.strategy, seen.fabric, seen.condition) == ("memory", "external", "ready")


async def test_a_tab_logs_in_through_its_balancer_and_its_requests_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(monkeypatch) as stack, page(stack) as desk:
        with desk.stream.listener() as listener:
            tab = desk.open_tab(NewTab("alice"))
            sent = await desk.send(tab.id, Send("login"))
            asked = await desk.send(tab.id, Send("me", times=2))
            heard = [kind async for kind in _heard(listener, 3)]
        assert sent.answers[0].how == "ok"
        assert asked.counts == {"a": {"ok": 1, "refused": 1}}
        assert [(one["method"], one["tab"]) for one in heard] == [
            ("POST", tab.id),
            ("GET", tab.id),
            ("GET", tab.id),
        ]
        seen = await until(desk, lambda one: "logged out" in one.sentence)
        assert sum(part.requests for part in seen.parts) == 3


async def _heard(listener: object, count: int) -> AsyncIterator[dict[str, str]]:
    import json  # noqa: PLC0415

    async for text in listener.heard():  # type: ignore[attr-defined]
        for block in text.decode().split("\n\n"):
            if block.startswith("event: request"):
                yield json.loads(block.partition("data: ")[2])
                if not (count := count - 1):
                    return


async def test_nodes_that_leave_freeze_and_come_are_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(monkeypatch) as stack, page(stack) as desk:
        await stack.down("n3")
        gone = await until(desk, lambda one: states(one)["n3"] == "ended")
        assert "stopped, killed or taken away" in next(p.how for p in gone.parts if p.name == "n3")
        await stack.up(4)
        await until(desk, lambda one: states(one).get("n4") == "running")
        stack.processes["n2"].send_signal(signal.SIGSTOP)
        await until(desk, lambda one: states(one)["n2"] == "frozen")
        stack.processes["n2"].send_signal(signal.SIGCONT)
        await stack.up(3)
        back = await until(desk, lambda one: states(one)["n3"] == states(one)["n2"] == "running")
        assert back.condition == "ready"
        stack.processes["n2"].kill()  # and its address is known still
        await until(desk, lambda one: states(one)["n2"] == "ended")


async def test_a_stack_that_goes_away_is_said_and_the_page_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(monkeypatch) as stack, page(stack) as desk:
        await stack.down("balancer")
        away = await until(desk, lambda one: one.condition == "failed")
        assert away.why.startswith("the stack is not up: its balancer takes no connection at http")
        await stack.down("n2")
        await stack.down("n3")
        await until(desk, lambda one: "cannot be found" in one.why)
        await stack.up(2)
        await stack.balance(2)
        await until(desk, lambda one: one.condition == "ready")


async def test_a_stack_that_is_not_up_yet_has_a_page_and_is_known_once_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(monkeypatch) as stack:
        await stack.down("n2")
        await stack.down("n3")
        async with page(stack) as desk:
            await until(desk, lambda one: one.condition == "failed")
            await stack.up(2, "jwt")
            seen = await until(desk, lambda one: one.strategy == "jwt")
            assert (seen.generation, states(seen)["n2"]) == (1, "running")


async def test_what_cannot_be_done_there_is_refused_and_the_reason_is_said_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(monkeypatch) as stack, page(stack) as desk:
        cluster = await until(desk, lambda one: bool(one.actions))
        reason = "the lab did not start this stack"
        assert all(action.why_not.startswith(reason) for action in cluster.actions)
        assert desk.unable.switch.startswith(reason)
        for act in (Act("kill", "n2"), Act("add"), Act("freeze", "n2"), Act("deploy")):
            with pytest.raises(LabError):
                await desk.act(act)
        with pytest.raises(LabError, match=reason):
            await desk.put("a", NewCluster(strategy="jwt"))
        assert states((await desk.state()).clusters[0])["n2"] == "running"


async def test_the_stories_are_those_that_fit_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as stack, page(stack) as desk:
        async with asyncio.timeout(30):
            while not any(one.why_not for one in desk.tellings.stories()):
                await asyncio.sleep(0.1)
        why = {one.name: one.why_not for one in desk.tellings.stories()}
        assert why["monolith"] == ""
        assert why["sticky"] == "the running stack has affinity none, and this takes cookie"
        assert why["redis-round-robin"].startswith("the running stack has strategy memory")
