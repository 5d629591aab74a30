"""What takes time to make is made once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Together(Generic[T]):
    """Nobody gets what was begun before they asked: who comes meanwhile shares the next one."""

    def __init__(self, make: Callable[[], Coroutine[None, None, T]]) -> None:
        self._make = make
        self._now: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def value(self) -> T:
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._now))
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[T] | None) -> T:
        if before:
            await asyncio.wait({before})
        self._now, self._next = self._next, None
        return await self._make()
