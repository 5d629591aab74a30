"""Sessions in this process's memory: fast, simple, and unknown to every other node.

`MemorySessions` decides everything and touches no socket; `MemoryStrategy` gives it the shape that
handlers expect.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import ClassVar

from sessionlab.nodes.errors import Reason, Refused
from sessionlab.nodes.stores.sessions import fingerprint, is_well_formed, new_id
from sessionlab.nodes.strategies.interface import (
    MAX_ITEMS,
    Added,
    Grant,
    Setting,
    Strategy,
    cart_full,
)
from sessionlab.nodes.strategies.read_modify_write import with_carts
from sessionlab.nodes.tokens.clock import Clock, monotonic
from sessionlab.nodes.transports.cookie import CookieTransport
from sessionlab.nodes.transports.interface import Transport

_SWEEP = 4
"""Dead sessions removed at each login or use: more than one login adds, so memory stays bounded
by the sessions alive, and never so many that one request pays for a night of them."""


@dataclass(slots=True)
class Record:
    """One session as its node remembers it; times are the clock's seconds."""

    user: str
    created: float
    used: float
    items: list[str] = field(default_factory=list)


class MemorySessions:
    """Every session of this node, kept in the order of last use, so the idle ones are in front."""

    def __init__(self, clock: Clock, idle: float, absolute: float) -> None:
        self._clock = clock
        self._idle = idle
        self._absolute = absolute
        self._records: OrderedDict[str, Record] = OrderedDict()

    def create(self, user: str) -> str:
        """Start a session and return its id."""
        now = self._clock()
        self._sweep(now, _SWEEP)
        session_id = new_id()
        self._records[fingerprint(session_id)] = Record(user, created=now, used=now)
        return session_id

    def use(self, session_id: str) -> Record:
        """The session's record, with its idle time starting anew. Raises `Refused`."""
        if not is_well_formed(session_id):
            raise Refused(Reason.MALFORMED)
        now = self._clock()
        key = fingerprint(session_id)
        record = self._records.get(key)
        if record is None:
            self._sweep(now, _SWEEP)
            raise Refused(Reason.SESSION_UNKNOWN)
        if self._is_over(record, now):
            del self._records[key]
            raise Refused(Reason.SESSION_EXPIRED)
        record.used = now
        self._records.move_to_end(key)
        self._sweep(now, _SWEEP)
        return record

    def end(self, session_id: str) -> bool:
        """Forget the session; whether there was one alive."""
        if not is_well_formed(session_id):
            return False
        record = self._records.pop(fingerprint(session_id), None)
        return record is not None and not self._is_over(record, self._clock())

    def alive(self) -> int:
        """How many sessions there are; the idle ones are removed first."""
        self._sweep(self._clock(), len(self._records))
        return len(self._records)

    def held(self) -> int:
        """How many records take memory, dead ones included."""
        return len(self._records)

    def _is_over(self, record: Record, now: float) -> bool:
        return now - record.used >= self._idle or now - record.created >= self._absolute

    def _sweep(self, now: float, most: int) -> None:
        # A session past its absolute end but not idle is in use, and its next use removes it.
        for _ in range(most):
            key = next(iter(self._records), None)
            if key is None or not self._is_over(self._records[key], now):
                return
            del self._records[key]


@dataclass(frozen=True, slots=True)
class MemorySession:
    """A session whose data is the record itself: no copy, and no other request in between."""

    record: Record

    @property
    def user(self) -> str:
        return self.record.user

    async def items(self) -> list[str]:
        return list(self.record.items)

    async def add(self, item: str) -> Added:
        if len(self.record.items) >= MAX_ITEMS:
            raise cart_full()
        self.record.items.append(item)
        return Added(list(self.record.items))

    async def replace(self, items: list[str]) -> None:
        self.record.items = list(items)


class MemoryStrategy:
    """Strategy `memory`."""

    name: ClassVar[str] = "memory"

    def __init__(self, sessions: MemorySessions, transport: Transport, absolute: float) -> None:
        self.sessions = sessions
        self.transport = transport
        self._lifetime = int(absolute)

    async def login(self, user: str, presented: str | None) -> Grant:
        if presented is not None:
            self.sessions.end(presented)
        return Grant(self.sessions.create(user), self._lifetime)

    async def open(self, credential: str) -> MemorySession:
        return MemorySession(self.sessions.use(credential))

    async def logout(self, credential: str) -> bool:
        return self.sessions.end(credential)

    async def close(self) -> None:
        """Nothing is held open; the sessions end with the process, as they would in a crash."""


def make(setting: Setting) -> Strategy:
    """`--strategy memory`, as the options want it."""
    options = setting.options
    sessions = MemorySessions(monotonic, options.idle, options.absolute)
    setting.watch_sessions(sessions.alive)
    transport = CookieTransport(options.cookie_name)
    return with_carts(MemoryStrategy(sessions, transport, options.absolute), options.cart_writes)
