"""One look for all who come, and no longer a wait than they have patience for."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from sessionlab.lab.page.seen.lately import Lately


class Looking:
    """Counts how often it was looked, and takes its time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._numbers = count(1)

    async def look(self) -> int:
        await asyncio.sleep(self.seconds)
        return next(self._numbers)


async def test_all_who_come_at_once_share_a_look_and_it_is_good_for_a_while() -> None:
    lately = Lately(Looking(0.01).look, 0.2)
    assert await asyncio.gather(*(lately.value() for _ in range(5))) == [1] * 5
    assert await lately.value() == 1
    await asyncio.sleep(0.25)
    assert await lately.value() == 2


async def test_who_has_little_patience_gets_what_was_known_before() -> None:
    looking = Looking()
    lately = Lately(looking.look, 0.0, 0.01)
    assert await lately.value() == 1
    looking.seconds = 0.2
    assert await lately.value() == 1
    await asyncio.sleep(0.3)
    looking.seconds = 0.0
    assert await lately.value() == 3
    await lately.settle()


async def test_one_who_goes_takes_nobody_s_look_along() -> None:
    lately = Lately(Looking(0.1).look, 1.0)
    first = asyncio.create_task(lately.value())
    other = asyncio.create_task(lately.value())
    await asyncio.sleep(0.01)
    first.cancel()
    assert await other == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_look_that_is_under_way_is_waited_for_at_the_end() -> None:
    lately = Lately(Looking(0.1).look, 1.0)
    waiting = asyncio.create_task(lately.value())
    await asyncio.sleep(0.01)
    await lately.settle()
    assert await waiting == 1
