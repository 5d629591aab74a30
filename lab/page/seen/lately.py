"""What was looked at is good for all who ask meanwhile: the parts have other work to do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


@dataclass
class Lately(Generic[T]):
    """The answer of `look`, asked again once it is `seconds` old; all who come share one look.

    Who comes waits for it, but with `patience` no longer than that: what was known before does.
    """

    look: Callable[[], Coroutine[None, None, T]]
    seconds: float = 0.0
    patience: float | None = None

    def __post_init__(self) -> None:
        self._looking: asyncio.Task[T] | None = None
        self._known: tuple[float, T] | None = None

    async def value(self) -> T:
        known = self._known
        if known and time.monotonic() - known[0] < self.seconds:
            return known[1]
        self._looking = self._looking or asyncio.create_task(self._asked())
        await asyncio.wait({looking := self._looking}, timeout=self.patience if known else None)
        return looking.result() if looking.done() or not known else known[1]

    async def settle(self) -> None:
        """Return when no look is under way: a cancelled one would cancel those who wait for it."""
        while self._looking:
            await asyncio.wait({self._looking})

    async def _asked(self) -> T:
        try:
            found = await self.look()
            self._known = time.monotonic(), found
            return found
        finally:
            self._looking = None
