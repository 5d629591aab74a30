"""A bounded table of pins: from the hash of a credential to a backend."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balancer.affinity import (
    EVICTED,
    EXPIRED,
    IDLE_OR_OLD,
    INVALID,
    REMOVED,
    TABLE_LOST,
    Found,
    Pin,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from balancer.backend import Backend

_MOST_ENDED = 10_000


def key_of(value: bytes) -> bytes:
    """A value as the table keeps it: hashed, since it may be somebody's credential."""
    return hashlib.blake2b(value, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many pins a table keeps, and how long without a request.

    `stranger` is the letter for a key that it does not know, and `mourns` whether such a key may
    have been lost with an earlier table.
    """

    entries: int
    idle: float
    stranger: str = INVALID
    mourns: bool = False


class Table:
    """Pins with an idle time; when it is full the least recently used goes first.

    With several workers `tell` hears of each new, changed or forgotten pin (then b""), and `hear`
    is called before a pin is looked up, so that it can bring in (`heard`) what others told.

    It remembers why the last pins ended, so that a reason is known and not guessed. When it had to
    forget some of that, what is not in it may have been, and it says nothing.
    """

    def __init__(
        self,
        bounds: Bounds,
        pins_to: Mapping[bytes, Backend],
        began: float,
        tell: Callable[[bytes, bytes], None] | None = None,
        hear: Callable[[], None] | None = None,
    ) -> None:
        self._bounds = bounds
        self._pins_to = pins_to
        self._began = began
        self._tell = tell
        self._hear = hear
        self._rows: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._ended: OrderedDict[bytes, str] = OrderedDict()
        self._remembers_all = True

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, key: bytes, now: float) -> Found:
        """V, E idle for too long, I its backend is gone, or the letter for strangers."""
        if self._hear is not None:
            self._hear()
        row = self._rows.get(key)
        if row is None:
            return Found(None, self._bounds.stranger, self._why(key, now))
        pin, expires = row
        if expires < now:
            del self._rows[key]
            self._end(key, IDLE_OR_OLD)
            return Found(None, EXPIRED, IDLE_OR_OLD)
        self.set(key, pin, now)
        backend = self._pins_to.get(pin)
        return Found(None, INVALID, REMOVED) if backend is None else backend.valid

    def _why(self, key: bytes, now: float) -> str:
        """Why a key is not here, as far as that is certain."""
        reason = self._ended.get(key)
        if reason is not None:
            return reason
        young = now - self._began <= self._bounds.idle
        return TABLE_LOST if self._bounds.mourns and young and self._remembers_all else ""

    def put(self, key: bytes, pin: bytes, now: float) -> None:
        """A new or changed pin."""
        self.set(key, pin, now)
        self._ended.pop(key, None)
        if self._tell is not None:
            self._tell(key, pin)

    def set(self, key: bytes, pin: bytes, now: float) -> None:
        """Keep or renew a pin without telling."""
        rows = self._rows
        rows[key] = (pin, now + self._bounds.idle)
        rows.move_to_end(key)
        if len(rows) > self._bounds.entries:
            oldest, (_, expires) = rows.popitem(last=False)
            self._end(oldest, EVICTED if expires >= now else IDLE_OR_OLD)

    def heard(self, key: bytes, pin: bytes, now: float) -> None:
        """Another worker's pin, or its end."""
        if pin:
            self.set(key, pin, now)
            self._ended.pop(key, None)
        elif self._rows.pop(key, None) is not None:
            self._end(key, "")

    def missed(self) -> None:
        """Another worker told of pins that could not be read any more."""
        self._remembers_all = False

    def forget(self, key: bytes) -> bool:
        """Drop a pin, if it is there; whether it was."""
        if self._rows.pop(key, None) is None:
            return False
        self._end(key, "")
        if self._tell is not None:
            self._tell(key, b"")
        return True

    def _end(self, key: bytes, reason: str) -> None:
        self._ended[key] = reason
        if len(self._ended) > _MOST_ENDED:
            self._ended.popitem(last=False)
            self._remembers_all = False

    def pins(self, now: float) -> list[Pin]:
        """Every live pin, the most recently used last."""
        return [
            Pin(key.hex(), self._pins_to[pin].name, round(expires - now, 1))
            for key, (pin, expires) in self._rows.items()
            if expires >= now and pin in self._pins_to
        ]
