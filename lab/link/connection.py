"""A connection through the link: two ends, each of which passes on what comes in to the other."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from typing import TYPE_CHECKING, Protocol

from sessionlab.lab.link.rules import SPOKEN, Rule
from sessionlab.lab.link.speech import SPEECHES

if TYPE_CHECKING:
    from sessionlab.lab.link.proxy import Link

SLICE = 0.02  # seconds that a piece takes where the bandwidth is limited
MOST = 64  # pieces that wait on their way; then no more is read
BY_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: how a socket is closed


class Reads(Protocol):
    def __call__(self, data: bytes, *, last: bool = False) -> bytes: ...


class End(asyncio.Protocol):
    """One end. What comes in here goes out at the `other`, late or slowly if it has to."""

    transport: asyncio.Transport

    def __init__(self, way: Connection, towards: str, reads: Reads) -> None:
        self.other = self
        self.held: set[Rule | None] = {None}  # until both ends are there
        self.ended = False  # nothing more comes in, and all that did has gone out
        self._way, self._towards, self._reads = way, towards, reads
        self._loop = way.link.loop
        self._queue: deque[tuple[float, bytes]] = deque()
        self._sent = self._last = 0.0  # when what was queued is through a narrow link, and arrives
        self._timer: asyncio.TimerHandle | None = None
        self._waits: set[str] = set()
        self._silent = self._lost = False  # its end of stream was read; the connection is no more

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        passed = self._reads(data)
        if self._way.link.rules or self._queue or self.held:
            self._later(passed)
        elif passed:
            self.other.transport.write(passed)

    def eof_received(self) -> bool:
        self._silent = True
        self._later(self._reads(b"", last=True))
        return True  # the other direction may go on

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._lost = True
        self.drain()

    def pause_writing(self) -> None:
        self.other.wait("writing", True)

    def resume_writing(self) -> None:
        self.other.wait("writing", False)

    def wait(self, why: str, so: bool) -> None:
        """Read nothing while there is any reason to wait."""
        (self._waits.add if so else self._waits.discard)(why)
        if not self._silent and not self.transport.is_closing():
            (self.transport.pause_reading if self._waits else self.transport.resume_reading)()

    def cut(self) -> None:
        """Close it by a reset."""
        if not self._lost:
            with contextlib.suppress(OSError):
                found = self.transport.get_extra_info("socket")
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
            self.transport.abort()

    def _later(self, data: bytes) -> None:
        now, (delay, rate) = self._loop.time(), self._way.slowness(self._towards)
        size = max(1, int(rate / 8 * SLICE)) if rate else max(1, len(data))
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            self._sent = max(self._sent, now) + (8 * len(piece) / rate if rate else 0)
            self._last = max(self._last, self._sent + delay)
            self._queue.append((self._last, piece))
        self.drain()

    def drain(self) -> None:
        """Send what is due, unless it is held, and come back for the rest."""
        if self._timer:
            self._timer.cancel()
        self.wait("held", bool(self.held))
        if self._way.over or self.held:
            return
        now = self._loop.time()
        while self._queue and self._queue[0][0] <= now:
            self.other.transport.write(self._queue.popleft()[1])
        self.wait("queue", len(self._queue) > MOST)
        if self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self.drain)
        elif self._silent and not self.ended:
            self.ended = True
            self._way.end(self)
        elif self._lost:
            self._way.reset()


class Connection:
    """Both ends of it, and what is done to it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.over = False
        self._struck: set[Rule] = set()
        self._chosen: dict[Rule, bool] = {}
        speech = SPEECHES[link.speaks](self, link.spare)
        self.client = End(self, "server", speech.asked)
        self.server = End(self, "client", speech.answered)
        self.client.other, self.server.other = self.ends = self.server, self.client

    def join(self) -> None:
        """Both ends are there: let them talk."""
        self.link.connections.add(self)
        for rule in self.link.rules.values():
            self.meet(rule)
        for end in self.ends:
            end.held.discard(None)
            end.drain()

    def meet(self, rule: Rule) -> None:
        """A rule is new to it."""
        if rule.kind == "reset" and rule.settings["now"]:
            self.reset()
        elif rule.kind in ("half-open", "partition") and rule.always:
            self._hold(rule)

    def begins(self, *, counted: bool = True) -> None:
        self.link.requests += 1
        for rule in [*self.link.rules.values()]:
            struck = rule.kind not in SPOKEN and (rule.always or counted) and self.strikes(rule)
            (self._struck.add if struck else self._struck.discard)(rule)
            if struck and rule.kind == "reset":
                self.reset()
            elif struck and rule.kind == "half-open":
                self._hold(rule)

    def rule(self, kind: str) -> Rule | None:
        return self.link.rules.get(kind)

    def strikes(self, rule: Rule) -> bool:
        return rule.strikes(self._chosen)

    def slowness(self, towards: str) -> tuple[float, float]:
        """How much later (s) it arrives there, and at how many bits a second; 0 is no limit."""
        found: dict[str, float | str | bool] = {"delay": 0.0, "jitter": 0.0, "rate": 0.0}
        for rule in self.link.rules.values():
            if rule.goes(towards) and (rule.always or rule in self._struck):
                found |= rule.settings
        delay, jitter, rate = (float(found[name]) for name in ("delay", "jitter", "rate"))
        return max(0.0, delay + self.link.drawn.uniform(-jitter, jitter)), rate

    def _hold(self, rule: Rule) -> None:
        """Let nothing through in the rule's directions."""
        for towards, end in zip(("client", "server"), self.ends, strict=True):
            if rule.goes(towards):
                end.held.add(rule)
                end.drain()

    def forget(self, rule: Rule) -> None:
        """The rule is no more."""
        self._struck.discard(rule)
        for end in self.ends:
            end.held.discard(rule)
            end.drain()

    def reset(self) -> None:
        """End it at both ends as if it had never been."""
        self.over = True
        self.link.connections.discard(self)
        for end in self.ends:
            end.cut()

    def end(self, end: End) -> None:
        """All that came in there has gone out at the other."""
        if not end.other.ended:
            end.other.transport.write_eof()
            return
        self.over = True
        self.link.connections.discard(self)
        for one in self.ends:
            one.transport.close()
