"""What is made for all who ask at once is made for none of them too early."""

from __future__ import annotations

import asyncio

import pytest

from sessionlab.lab.page.seen.together import Together


class Making:
    """Each one takes until it is let go, and is the number of its making."""

    def __init__(self) -> None:
        self.made, self.go = 0, asyncio.Event()

    async def __call__(self) -> int:
        self.made += 1
        number = self.made
        await self.go.wait()
        if number == 3:
            raise ValueError("the third")
        return number


async def test_who_comes_while_one_is_made_shares_the_next_one() -> None:
    making = Making()
    together = Together(making)
    first = asyncio.create_task(together.value())
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(together.value()) for _ in range(200)]
    await asyncio.sleep(0.01)
    later.pop().cancel()  # and it is made for the others all the same
    making.go.set()
    assert await first == 1
    assert set(await asyncio.gather(*later)) == {2}
    with pytest.raises(ValueError, match="the third"):
        await together.value()
    assert await together.value() == 4
