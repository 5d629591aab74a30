"""`--cart-writes`: two requests of one session at once, and what is in the cart afterwards."""

import asyncio
from typing import Any

import pytest

from sessionlab.nodes.errors import Problem, Refused
from sessionlab.nodes.strategies.interface import MAX_ITEMS
from sessionlab.nodes.strategies.read_modify_write import ReadModifyWrite, Records
from tests.nodes.running import Running, cookie, running
from tests.nodes.valkey import Valkey

DELAY = 0.05
"""Long beside what two requests take to come in; what is claimed does not rest on it (`raced`)."""


def store(strategy: str, valkey: Valkey) -> dict[str, Any]:
    return {"strategy": strategy, "redis_url": valkey.url, "redis_timeout": 10.0}


def records(node: Running) -> Records:
    strategy = node.node.strategy
    return strategy.inner if isinstance(strategy, ReadModifyWrite) else strategy  # type: ignore[return-value]


async def raced(node: Running) -> list[str]:
    """The cart after two additions, each of which had loaded the session before the other wrote."""
    session = (await node.client.login()).cookie
    opened = [await node.node.strategy.open(session) for _ in range(2)]
    for asker, item in zip(opened, ("a book", "a lamp"), strict=True):
        await asker.add(item)
    items: list[str] = (await node.client.get("/cart", cookie(session))).json["items"]
    return items


@pytest.mark.parametrize("strategy", ["memory", "redis"])
async def test_written_by_field_nothing_is_lost(strategy: str, valkey: Valkey) -> None:
    async with running(**store(strategy, valkey)) as node:
        assert await raced(node) == ["a book", "a lamp"]


@pytest.mark.parametrize("strategy", ["memory", "redis"])
async def test_written_whole_the_last_takes_the_others_away(strategy: str, valkey: Valkey) -> None:
    async with running(**store(strategy, valkey), cart_writes="record") as node:
        assert await raced(node) == ["a lamp"]


@pytest.mark.parametrize("strategy", ["memory", "redis"])
async def test_written_whole_one_after_the_other_nothing_is_lost(
    strategy: str, valkey: Valkey
) -> None:
    async with running(**store(strategy, valkey), cart_writes="record") as node:
        held = cookie((await node.client.login()).cookie)
        for item in ("a book", "a lamp"):
            answer = await node.client.post("/cart", {"item": item}, held)
        assert answer.json["items"] == ["a book", "a lamp"]
        assert (await node.client.get("/me", held)).json["user"] == "alice"
        assert (await node.client.post("/logout", headers=held)).status == 204
        assert (await node.client.get("/cart", held)).status == 401


async def test_written_whole_a_session_that_was_logged_out_is_not_revived(valkey: Valkey) -> None:
    async with running(**store("redis", valkey), cart_writes="record") as node:
        session = (await node.client.login()).cookie
        opened = await node.node.strategy.open(session)
        await node.node.strategy.logout(session)
        with pytest.raises(Refused):
            await opened.add("a book")
        client = valkey.client()
        assert client.dbsize() == 0
        client.close()


async def test_a_whole_record_has_an_end_too() -> None:
    async with running(cart_writes="record") as node:
        session = (await node.client.login()).cookie
        await (await records(node).open(session)).replace(["x"] * MAX_ITEMS)
        opened = await node.node.strategy.open(session)
        with pytest.raises(Problem, match="no more fit"):
            await opened.add("one too many")


async def test_the_delay_lies_between_knowing_the_user_and_changing_the_cart() -> None:
    async with running(cart_writes="record", cart_delay=DELAY) as node:
        held = cookie((await node.client.login()).cookie)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(
            node.client.post("/cart", {"item": "a book"}, held),
            node.client.post("/cart", {"item": "a lamp"}, held),
        )
        took = loop.time() - began
        items = (await node.client.get("/cart", held)).json["items"]
        # One after the other would have taken two delays; slower than that, nothing is known.
        assert took >= DELAY * 0.9
        assert len(items) == 1 or took >= DELAY * 1.9
