"""What was looked at is good for a moment: pages ask often, and the parts have work to do."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Lately(Generic[T]):
    """The answer of `look`, asked again once it is `seconds` old; who comes meanwhile waits."""

    def __init__(self, look: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._known: tuple[float, T] | None = None

    async def value(self) -> T:
        async with self._lock:
            if self._known is None or time.monotonic() - self._known[0] >= self._seconds:
                self._known = time.monotonic(), await self._look()
            return self._known[1]
