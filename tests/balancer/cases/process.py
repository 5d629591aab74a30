"""A balancer's process on the local fabric, and waiting for it."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.interface import Part, Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

PART = "balancer"
_PATIENCE_S = 30.0


class Process:
    """Starts one part, again and again if need be, and reads what it prints."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._part = Part(PART, "")

    async def start(
        self, program: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._part = Part(PART, program, arguments, environment or {})
        await self.sandbox.start(self._part)

    async def restart(self) -> None:
        await self.sandbox.signal(PART, signal.SIGKILL)
        await self.sandbox.gone(PART)
        await self.sandbox.start(self._part)

    async def signal(self, number: signal.Signals) -> None:
        await self.sandbox.signal(PART, number)

    def said(self, text: str) -> int:
        """How often it has printed that so far."""
        return self.sandbox.log(PART).count(text)

    async def logged(self, mark: str) -> str:
        """The first line it prints with that mark."""

        async def there() -> bool:
            return mark in self.sandbox.log(PART)

        await self.until(there, f"a log line with {mark}")
        return next(line for line in self.sandbox.log(PART).splitlines() if mark in line)

    async def until(self, true: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not await true():
                    status = self.sandbox.ended(PART)
                    assert status is None, (
                        f"it ended with {status}:\n{self.sandbox.log(PART)[-2000:]}"
                    )
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(
                f"waited in vain for {what}; it said:\n{self.sandbox.log(PART)[-2000:]}"
            ) from None
