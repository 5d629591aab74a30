"""A connection through the link: two ends, each of which passes on what comes in to the other."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.link.rules import SPOKEN, Rule
from sessionlab.lab.link.speech import SPEECHES

if TYPE_CHECKING:
    from random import Random

SLICE = 0.02  # seconds that a piece takes where the bandwidth is limited
MOST = 64  # pieces that wait on their way; then no more is read
HOLDS = ("half-open", "partition")
BY_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: how a socket is closed


@dataclass(slots=True)
class Shared:
    """What all connections of a link have in common."""

    loop: asyncio.AbstractEventLoop
    speaks: str
    spare: bytes
    drawn: Random
    rules: dict[str, Rule] = field(default_factory=dict)
    connections: set[Connection] = field(default_factory=set)
    requests: int = 0


class End(asyncio.Protocol):
    """One end. What comes in here goes out at the `other`, late or slowly if it has to."""

    transport: asyncio.Transport

    def __init__(self, way: Connection, towards: str) -> None:
        self.other = self
        self.ended = False  # nothing more comes in, and all that did has gone out
        self._way, self._towards, self._loop = way, towards, way.shared.loop
        self._reads = way.speech.asked if towards == "server" else way.speech.answered
        self._queue: deque[tuple[float, bytes]] = deque()
        self._sent = self._last = 0.0  # when what was queued is through a narrow link, and arrives
        self._timer: asyncio.TimerHandle | None = None
        self._waits: set[str] = set()
        self._silent = self._lost = False  # its end of stream was read; the connection is no more

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        passed = self._reads(data)
        if self._way.shared.rules or self._queue or not self._way.joined:
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
        self.other.wait("writing", so=True)

    def resume_writing(self) -> None:
        self.other.wait("writing", so=False)

    def wait(self, why: str, *, so: bool) -> None:
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
        size = max(1, int(rate / 8 * SLICE) if rate else len(data))
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
        held = self._way.holds(self._towards)
        self.wait("held", so=held)
        if self._way.over or held:
            return
        while self._queue and self._queue[0][0] <= self._loop.time():
            self.other.transport.write(self._queue.popleft()[1])
        self.wait("queue", so=len(self._queue) > MOST)
        if self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self.drain)
        elif self._silent and not self.ended:
            self.ended = True
            self._way.end(self)
        elif self._lost:
            self._way.reset()


class Connection:
    """Both ends of it, and what is done to it."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.joined = self.over = False
        self._struck: set[Rule] = set()
        self.speech = SPEECHES[shared.speaks](shared.rules, self._begins, shared.spare)
        self.ends = self.client, self.server = End(self, "server"), End(self, "client")
        self.client.other, self.server.other = self.server, self.client

    def join(self) -> None:
        """Both ends are there: let them talk, unless the first words were the last already."""
        self.joined = True
        if not self.over:
            self.shared.connections.add(self)
            self.look()

    def look(self) -> None:
        """Go by the rules as they are now."""
        for end in self.ends:
            end.drain()

    def _begins(self, counted: bool) -> None:
        self.shared.requests += 1
        for rule in [*self.shared.rules.values()]:
            may = rule.kind not in SPOKEN and (rule.always or counted)
            if may and rule.strikes(self.speech.chosen):
                self._struck.add(rule)
                if rule.kind == "reset":
                    self.reset()
            elif rule.kind not in HOLDS:
                self._struck.discard(rule)

    def _rules(self, towards: str) -> list[Rule]:
        """Those that what goes there goes by."""
        rules = self.shared.rules.values()
        return [one for one in rules if one.goes(towards) and (one.always or one in self._struck)]

    def holds(self, towards: str) -> bool:
        """Whether nothing gets through there."""
        return not self.joined or any(rule.kind in HOLDS for rule in self._rules(towards))

    def slowness(self, towards: str) -> tuple[float, float]:
        """How much later (s) it arrives there, and at how many bits a second; 0 is no limit."""
        found = {"delay": 0.0, "jitter": 0.0, "rate": 0.0}
        for rule in self._rules(towards):
            found |= {name: float(rule.settings[name]) for name in found.keys() & rule.settings}
        drawn = self.shared.drawn.uniform(-found["jitter"], found["jitter"])
        return max(0.0, found["delay"] + drawn), found["rate"]

    def reset(self) -> None:
        """End it at both ends as if it had never been."""
        self.over = True
        self.shared.connections.discard(self)
        for end in self.ends:
            end.cut()

    def end(self, end: End) -> None:
        """All that came in there has gone out at the other."""
        if not end.other.ended:
            end.other.transport.write_eof()
            return
        self.over = True
        self.shared.connections.discard(self)
        for one in self.ends:
            one.transport.close()
