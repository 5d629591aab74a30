"""What hands do to a real cluster, one after the other."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest

from sessionlab.lab.bench import actions
from sessionlab.lab.bench.actions import Hands
from sessionlab.lab.errors import Skip, StepError, UsageError

if TYPE_CHECKING:
    from sessionlab.lab.events import Event
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def refused(hands: Hands, name: str, part: str = "") -> str:
    with pytest.raises((StepError, UsageError, Skip)) as caught:
        await hands.do(name, part)
    return f"{caught.value}; {caught.value.hint}".removesuffix("; ")


async def test_what_cannot_be_done_is_said_with_what_can(make: Make) -> None:
    async with make() as cluster:
        hands = Hands(cluster)
        assert await hands.do("kill", "n1") == "n1 killed"
        assert await refused(hands, "kill", "n1") == (
            "n1 is not running; `start n1` brings it back"
        )
        assert await refused(hands, "freeze", "n1") == (
            "n1 is not running; `start n1` brings it back"
        )
        assert await refused(hands, "drain", "n1") == "n1 is not running; `start n1` brings it back"
        assert await refused(hands, "start", "n2") == "n2 is running already"
        assert await refused(hands, "thaw", "n2") == "n2 is running, not frozen"
        assert await hands.do("freeze", "n2") == "n2 frozen"
        assert await refused(hands, "stop", "n2") == "n2 is frozen; `thaw n2` first"
        assert await refused(hands, "freeze", "n2") == (
            "n2 is frozen already; `thaw n2` lets it go on"
        )
        assert await hands.do("kill", "n2") == "n2 killed"
        assert await hands.do("start", "n2") == "n2 started"
        assert await hands.do("remove", "n1") == "n1 removed"
        assert await refused(hands, "remove", "n2") == "n2 is the only node; add another before"
        assert await hands.do("add") == "n3 added"
        assert await refused(hands, "stop", "redis") == (
            "no part named 'redis' for `stop`; `stop` takes one of: n2, n3"
        )
        assert await refused(hands, "kill") == (
            "`kill` takes a part; `kill` takes one of: n2, n3, balancer"
        )
        assert "there is no action 'dance'" in await refused(hands, "dance", "n1")
        assert "`add` takes no part" in await refused(hands, "add", "n9")


async def test_a_balancer_that_is_away_is_not_waited_for(make: Make) -> None:
    async with make() as cluster:
        hands = Hands(cluster)
        await hands.do("freeze", "balancer")
        assert await refused(hands, "add") == "balancer is frozen; `thaw balancer` first"
        assert await refused(hands, "reload", "balancer") == (
            "balancer is frozen; `thaw balancer` first"
        )
        await hands.do("kill", "balancer")
        assert "`start balancer` brings it back" in await refused(hands, "drain", "n1")
        await hands.do("kill", "n1")
        await hands.do("start", "n1")
        await hands.do("start", "balancer")
        await hands.do("restart", "balancer")
        assert await cluster.backends() == {"n1": "up", "n2": "up"}


async def test_a_drained_node_that_is_killed_comes_back_drained(make: Make) -> None:
    async with make(affinity="cookie") as cluster:
        hands = Hands(cluster)
        for name in ("drain", "kill", "start"):
            await hands.do(name, "n1")
        assert (await cluster.backends())["n1"] == "drain"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no port is kept")
async def test_a_node_that_has_left_keeps_no_port(make: Make) -> None:
    async with make() as cluster:
        hands = Hands(cluster)
        open_files = []
        for number in range(3, 6):
            assert await hands.do("add") == f"n{number} added"
            await hands.do("remove", f"n{number}")
            open_files.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208  names enough
        assert len(set(open_files)) == 1


async def test_two_hands_at_once_act_one_after_the_other(make: Make) -> None:
    async with make() as cluster:
        hands = Hands(cluster)
        both = await asyncio.gather(
            hands.do("kill", "n1"), hands.do("kill", "n1"), return_exceptions=True
        )
        assert [str(one) for one in both] == ["n1 killed", "n1 is not running"]


async def test_what_nobody_waits_for_any_more_is_not_begun(make: Make) -> None:
    async with make() as cluster:
        hands, is_there = Hands(cluster), [True]
        first = asyncio.create_task(hands.do("freeze", "n1"))
        second = asyncio.create_task(hands.do("kill", "n1", wanted=lambda: is_there[0]))
        while not hands.doing:
            await asyncio.sleep(0)
        is_there[0] = False
        await first
        with pytest.raises(StepError, match="nobody waits"):
            await second
        assert cluster.inventory.parts()[0].state == "frozen"


async def test_who_waits_too_long_is_told_for_what(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PATIENCE", 0.01)
    async with make() as cluster:
        hands = Hands(cluster)
        first = asyncio.create_task(hands.do("add"))
        while not hands.doing:
            await asyncio.sleep(0)
        assert "`add` is under way" in await refused(hands, "kill", "n1")
        assert await first == "n3 added"


async def test_redis_is_stopped_and_started_and_another_s_is_left_alone(make: Make) -> None:
    async with make("redis") as cluster:
        hands = Hands(cluster)
        assert await hands.do("stop", "redis") == "redis stopped"
        assert "brings it back" in await refused(hands, "stop", "redis")
        assert await hands.do("start", "redis") == "redis started"
        (row,) = [part for part in await cluster.inventory.looked_at() if part.name == "redis"]
        assert (row.state, row.address.split(":")[0]) == ("running", "127.0.0.1")
        assert row.pid


async def test_a_deploy_that_the_balancer_does_not_answer_has_failed_and_leaves_nothing(
    make: Make, seen: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make(nodes=1) as cluster:
        impatient = aiohttp.ClientTimeout(total=0.5)
        monkeypatch.setattr(cluster._runtime.http, "_timeout", impatient)
        await cluster._sandbox.signal("balancer", signal.SIGSTOP)
        said = await refused(Hands(cluster), "deploy", "blue-green")
        assert said.startswith("n2 did not come up: the balancer did not answer (in time)")
        assert seen[-1].kind == "deploy.failed"
        assert (list(cluster.nodes), cluster._runtime.running("n2")) == (["n1"], False)
