"""A bounded table of pins: from the hash of a credential to a backend."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from balancer.affinity import EXPIRED, INVALID, Found, Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from balancer.backend import Backend


def key_of(value: bytes) -> bytes:
    """A value as the table keeps it: hashed, since it may be somebody's credential."""
    return hashlib.blake2b(value, digest_size=16).digest()


class Table:
    """Pins with an idle time; when it is full the least recently used goes first.

    With several workers `tell` hears of each new, changed or forgotten pin (then b""), and `hear`
    is called before a pin is looked up, so that it can bring in (`heard`) what others told.
    """

    def __init__(
        self,
        entries: int,
        idle: float,
        pins_to: Mapping[bytes, Backend],
        tell: Callable[[bytes, bytes], None] | None = None,
        hear: Callable[[], None] | None = None,
    ) -> None:
        self._entries = entries
        self._idle = idle
        self._pins_to = pins_to
        self._tell = tell
        self._hear = hear
        self._rows: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, key: bytes, now: float) -> Found:
        """V, or why not: I never seen here or its backend gone, E idle for too long."""
        if self._hear is not None:
            self._hear()
        row = self._rows.get(key)
        if row is None:
            return Found(None, INVALID)
        pin, expires = row
        if expires < now:
            del self._rows[key]
            return Found(None, EXPIRED)
        self.set(key, pin, now)
        backend = self._pins_to.get(pin)
        return Found(None, INVALID) if backend is None else backend.valid

    def put(self, key: bytes, pin: bytes, now: float) -> None:
        """A new or changed pin."""
        self.set(key, pin, now)
        if self._tell is not None:
            self._tell(key, pin)

    def set(self, key: bytes, pin: bytes, now: float) -> None:
        """Keep or renew a pin without telling."""
        rows = self._rows
        rows[key] = (pin, now + self._idle)
        rows.move_to_end(key)
        if len(rows) > self._entries:
            rows.popitem(last=False)

    def heard(self, key: bytes, pin: bytes, now: float) -> None:
        """Another worker's pin, or its end."""
        if pin:
            self.set(key, pin, now)
        else:
            self._rows.pop(key, None)

    def forget(self, key: bytes) -> None:
        """Drop a pin, if it is there."""
        if self._rows.pop(key, None) is not None and self._tell is not None:
            self._tell(key, b"")

    def pins(self, now: float) -> list[Pin]:
        """Every live pin, the most recently used last."""
        return [
            Pin(key.hex(), self._pins_to[pin].name, round(expires - now, 1))
            for key, (pin, expires) in self._rows.items()
            if expires >= now and pin in self._pins_to
        ]
