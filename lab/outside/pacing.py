"""How fast requests go out: at most so many a second, and slower once the system asks for that."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping

TOO_MANY = 429
SECOND, MOST_WAIT, SLOWEST = 1.0, 60.0, 0.2  # seconds, seconds, requests a second


class Enough(Exception):
    """As many requests as were allowed have been sent."""


class Pacer:
    """Counts every request that really goes out, redirects too, and lets each wait for its time.

    `rate` is requests a second; with `strictly` no second has more of them, else that is the mean:
    `turn` waits, and what a conversation sends is not held up in its middle. A 429 halves the rate
    (RFC 6585, 4), and a `Retry-After` (RFC 9110, 10.2.3) is waited for, up to a minute.
    """

    def __init__(self, rate: float, most: int | None = None, *, strictly: bool = False) -> None:
        self.rate = rate
        self.most = most
        self.sent = 0
        self.refused = 0
        """Answers that said 429."""
        self.waited = 0.0
        """The longest `Retry-After`, in seconds."""
        self._strictly = strictly
        self._next = 0.0
        self._ahead = 0.0
        self._one = asyncio.Lock()
        self._not_before = 0.0
        self._sent_at: deque[float] = deque(maxlen=max(1, int(rate)))

    def trace(self) -> aiohttp.TraceConfig:
        """What an HTTP client session has to be made with, to be counted and held up."""

        async def start(*_: object) -> None:
            await self._send()

        async def end(
            _: object, __: SimpleNamespace, found: aiohttp.TraceRequestEndParams
        ) -> None:
            self.heed(found.response.status, found.response.headers)

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(start)
        trace.on_request_redirect.append(start)
        trace.on_request_end.append(end)
        trace.freeze()
        return trace

    @property
    def left(self) -> int:
        """How many requests may still be sent."""
        return 1_000_000_000 if self.most is None else self.most - self.sent

    async def turn(self) -> None:
        """Wait until a conversation may begin; raises Enough when none may any more."""
        if self.left <= 0:
            raise Enough
        async with self._one:
            while (wait := max(self._next, self._not_before) - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            self._owe()
            self._ahead = min(self._ahead + 1, self.rate)

    def heed(self, status: int, headers: Mapping[str, str]) -> None:
        """Slow down where an answer asks for it."""
        asked = _seconds(headers.get("Retry-After", "")) if status in (TOO_MANY, 503) else 0.0
        if status == TOO_MANY:
            self.refused += 1
            self.rate = max(SLOWEST, self.rate / 2)
            self._sent_at = deque(self._sent_at, maxlen=max(1, int(self.rate)))
        self.waited = max(self.waited, asked)
        self._not_before = max(self._not_before, time.monotonic() + min(asked, MOST_WAIT))

    def said(self) -> list[str]:
        """What has slowed it down, a line each."""
        lines = []
        if self.refused:
            lines.append(
                f"the system answered 429 (too many requests) {self.refused} times:"
                f" slowed down to {self.rate:g} a second"
            )
        if self.waited:
            lines.append(f"it asked to wait {self.waited:g} s (Retry-After), and that was done")
        return lines

    def _owe(self) -> None:
        self._next = max(self._next, time.monotonic()) + 1 / self.rate

    async def _send(self) -> None:
        if self.left <= 0:
            raise Enough
        self.sent += 1
        if self._ahead >= 1:
            self._ahead -= 1  # `turn` has counted it
        else:
            self._owe()
        while self._strictly:
            gap = SECOND if self.rate >= 1 else 1 / self.rate
            full = len(self._sent_at) == self._sent_at.maxlen
            wait = self._sent_at[0] + gap - time.monotonic() if full else 0.0
            if wait <= 0:
                self._sent_at.append(time.monotonic())
                return
            await asyncio.sleep(wait)


def _seconds(said: str) -> float:
    """A number of seconds, or a date; nothing for anything else."""
    if said.strip().isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
