"""How fast requests go out: at most so many a second, and slower once the system asks for that."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import SimpleNamespace

TOO_MANY, UNAVAILABLE = 429, 503
MOST_WAIT, LEAST_WAIT = 60.0, 2.0  # seconds
SLOWEST = 0.2  # requests a second
NO_LIMIT = 1_000_000_000


class Enough(Exception):
    """No more is asked: `str()` says why."""


class Pacer:
    """Counts every request that really goes out, redirects too, and lets each wait for its time.

    `rate` is requests a second. `turn` waits before a conversation, and what that sends is not held
    up in its middle, so the rate is the mean; `strictly` no second has more of them. A 429 halves
    it (RFC 6585, 4); a `Retry-After` (RFC 9110, 10.2.3) is waited for: a minute at most, and where
    a deploy's 503 says so 2 s, as the end of it would be missed.
    `most` is how many are allowed at all, `sent` how many were sent, `refused` those answered 429.
    """

    def __init__(self, rate: float, most: int = NO_LIMIT, *, strictly: bool = False) -> None:
        self.rate = rate
        self.most = most
        self.sent = self.refused = 0
        self.told: Callable[[str], None] = lambda _: None
        self._asked = self._waits = 0.0
        self._strictly = strictly
        self._next = self._not_before = self._ahead = 0.0
        self._one = asyncio.Lock()
        self._sent_at: deque[float] = deque()

    def trace(self) -> aiohttp.TraceConfig:
        """What an HTTP client session has to be made with, to be counted and held up."""

        async def start(*_: object) -> None:
            await self._send()

        async def end(_: object, __: SimpleNamespace, found: aiohttp.TraceRequestEndParams) -> None:
            self.heed(found.response.status, found.response.headers)

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(start)
        trace.on_request_end.append(end)
        trace.freeze()
        return trace

    async def turn(self) -> None:
        """Wait until a conversation may begin; raises Enough when none may any more."""
        if self.sent >= self.most:
            raise self._enough()
        async with self._one:
            while (wait := max(self._next, self._not_before) - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            self._owe()
            self._ahead = min(self._ahead + 1, self.rate)

    async def room(self, requests: int) -> None:
        """Wait until so many may go out together."""
        while self._in_window() + requests > self.rate and self._sent_at:
            await asyncio.sleep(self._sent_at[0] + self._window - time.monotonic())

    def heed(self, status: int, headers: Mapping[str, str]) -> None:
        """Slow down where an answer asks for it."""
        if status == TOO_MANY:
            self.refused += 1
            self.rate = max(SLOWEST, self.rate / 2)
            self.told(f"429 (too many requests): slowing down to {self.rate:.2g} a second")
        if status in (TOO_MANY, UNAVAILABLE):
            asked = _seconds(headers.get("Retry-After", ""))
            self._asked = max(self._asked, asked)
            patient = self._strictly or status == TOO_MANY
            waits = min(asked, MOST_WAIT if patient else LEAST_WAIT)
            self._waits = max(self._waits, waits)
            self._not_before = max(self._not_before, time.monotonic() + waits)

    def said(self) -> list[str]:
        """What has slowed it down, a line each."""
        lines = []
        if self.refused:
            times = "once" if self.refused == 1 else f"{self.refused} times"
            lines.append(
                f"the system answered 429 (too many requests) {times}:"
                f" slowed down to {self.rate:.2g} a second"
            )
        if self._asked:
            said = f"it asked to wait {self._asked:g} s (Retry-After): waited {self._waits:g} s"
            lines.append(said)
        return lines

    @property
    def _window(self) -> float:
        """Seconds in which as many may be sent as the rate says, or one."""
        return max(1.0, 1 / self.rate)

    def _enough(self) -> Enough:
        return Enough(f"the limit of {self.most} requests was reached")

    def _owe(self) -> None:
        if not self._strictly:
            self._next = max(self._next, time.monotonic()) + 1 / self.rate

    async def _send(self) -> None:
        if self.sent >= self.most:
            raise self._enough()
        self.sent += 1
        if self._ahead >= 1:
            self._ahead -= 1  # `turn` has counted it
        else:
            self._owe()
        if self._strictly:
            await self.room(1)
        self._sent_at.append(time.monotonic())

    def _in_window(self) -> int:
        while self._sent_at and self._sent_at[0] + self._window <= time.monotonic():
            self._sent_at.popleft()
        return len(self._sent_at)


def _seconds(said: str) -> float:
    """A number of seconds, or a date; nothing for anything else."""
    if said.strip().isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
