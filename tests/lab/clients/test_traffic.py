"""Clients that keep asking."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import Person
from sessionlab.lab.clients.traffic import Traffic
from sessionlab.lab.errors import StepError
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.demo import demo
from sessionlab.lab.record.answers import Answer
from sessionlab.lab.record.history import Ending, History, Operation

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Servers:
    """Answers with the number of the request; a request of its `slow` client waits for `go`."""

    def __init__(self, slow: Client | None = None) -> None:
        self.asked = 0
        self.go = asyncio.Event()
        self._slow = slow

    async def me(self, client: Client) -> Answer:
        self.asked += 1
        number = self.asked
        if client is self._slow:
            await self.go.wait()
        await asyncio.sleep(0)
        return Answer(Operation(client.user, "GET", "/me", number, number, Ending.OK, 200))


def clients(count: int) -> list[Client]:
    return [
        Client(Person(f"user-{n}", ""), demo(), "http://nowhere", History(), Events())
        for n in range(count)
    ]


async def closed(them: list[Client]) -> None:
    for client in them:
        await client.close()


async def test_a_round_is_made_of_requests_that_began_after_it() -> None:
    them = clients(3)
    servers = Servers()
    async with Traffic(them, servers.me, drawn=Random(1)) as traffic:
        for _ in range(3):
            before = servers.asked
            answers = await traffic.round()
            assert [answer.operation.client for answer in answers] == [c.user for c in them]
            assert all(answer.operation.invoked > before for answer in answers)
    await closed(them)


async def test_a_request_under_way_is_not_part_of_a_round_and_every_client_is() -> None:
    them = clients(2)
    servers = Servers(slow=them[1])
    async with Traffic(them, servers.me, drawn=Random(1)) as traffic:
        while servers.asked < 2:
            await asyncio.sleep(0)
        before = servers.asked
        turn = asyncio.create_task(traffic.round())
        while servers.asked < 10:
            await asyncio.sleep(0)
        assert not turn.done()
        servers.go.set()
        assert all(answer.operation.invoked > before for answer in await turn)
    await closed(them)


async def test_nobody_asks_any_more_when_it_is_over() -> None:
    them = clients(2)
    servers = Servers()
    async with Traffic(them, servers.me, drawn=Random(1)) as traffic:
        await traffic.round()
    asked = servers.asked
    for _ in range(20):
        await asyncio.sleep(0)
    assert servers.asked == asked
    await closed(them)


async def test_what_goes_wrong_with_a_client_is_told_by_the_round_and_in_the_end() -> None:
    them = clients(1)

    async def fails(_: Client) -> Answer:
        raise StepError("it is out of order")

    traffic = Traffic(them, fails, drawn=Random(1))
    with pytest.raises(StepError, match="out of order"):
        async with traffic:
            await traffic.round()
    with pytest.raises(StepError, match="out of order"):
        async with Traffic(them, fails, drawn=Random(1)):
            await asyncio.sleep(0)
    await closed(them)


async def test_an_error_of_the_story_s_own_does_not_wait_for_an_answer() -> None:
    them = clients(1)
    servers = Servers(slow=them[0])

    async def story() -> None:
        async with Traffic(them, servers.me, drawn=Random(1)):
            while not servers.asked:
                await asyncio.sleep(0)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await story()
    await closed(them)
