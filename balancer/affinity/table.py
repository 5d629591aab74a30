"""A bounded table of pins: from the hash of a credential to a backend."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.backend import Found
from sessionlab.balancer.backends.pin import (
    EVICTED,
    EXPIRED,
    IDLE_OR_OLD,
    INVALID,
    REMOVED,
    TABLE_LOST,
    Pin,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sessionlab.balancer.backends.backend import Backend

_MOST_ENDED = 10_000
_MOST_PURGED = 1000  # at a time, so that no tick is long
_RETELL = 10  # others hear of a pin in use when a tenth of its idle time has passed


def key_of(value: bytes) -> bytes:
    """A value as the table keeps it: hashed, since it may be somebody's credential."""
    return hashlib.blake2b(value, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many pins a table keeps, and how long without a request.

    `unknown` is the letter for a key that it does not know, which `may_be_lost` with an earlier
    table.
    """

    entries: int
    idle: float
    unknown: str = INVALID
    may_be_lost: bool = False


@dataclass(slots=True)
class Row:
    """One pin: since when it leads there, when it was last used, and when others last heard."""

    pin: bytes
    since: float
    seen: float
    announced: float


class Table:
    """Pins with an idle time; when it is full the least recently used goes first.

    With several workers `tell` hears of each new, changed or forgotten pin (then b""), and of
    those in use now and then, so that a pin is as old in every worker as in the one that its
    client talks to. `hear` is called before a pin is looked up, so that it can bring in (`heard`)
    what others told.

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
        self.bounds = bounds
        self._retell = bounds.idle / _RETELL
        self._pins_to = pins_to
        self.began = began
        self._tell = tell
        self._hear = hear
        self._rows: OrderedDict[bytes, Row] = OrderedDict()
        self._numbers: dict[bytes, int] = {}
        self._ended: OrderedDict[bytes, str] = OrderedDict()
        self._remembers_all = True

    def __len__(self) -> int:
        return len(self._rows)

    # --- looking -----------------------------------------------------------------------------

    def find(self, key: bytes, now: float) -> Found:
        """V, E idle for too long, I its backend is gone, or the letter for unknown keys."""
        if self._hear is not None:
            self._hear()
        row = self._rows.get(key)
        if row is None:
            return self._missing(key, now)
        if now - row.seen > self.bounds.idle:
            self._drop(key, IDLE_OR_OLD)
            return self._missing(key, now)
        if row.seen != now:
            self._use(key, row, now)
        backend = self._pins_to.get(row.pin)
        return Found(None, INVALID, REMOVED) if backend is None else backend.valid

    def _missing(self, key: bytes, now: float) -> Found:
        """What is said of a key that is not here, and why, as far as that is certain."""
        reason = self._ended.get(key)
        if reason == IDLE_OR_OLD:
            return Found(None, EXPIRED, reason)
        if reason is None:
            young = now - self.began <= self.bounds.idle
            lost = self.bounds.may_be_lost and young and self._remembers_all
            reason = TABLE_LOST if lost else ""
        return Found(None, self.bounds.unknown, reason)

    # --- changing ----------------------------------------------------------------------------

    def put(self, key: bytes, pin: bytes, now: float) -> None:
        """A new pin, a changed one, or one in use."""
        row = self._rows.get(key)
        if row is not None and row.pin == pin:
            self._use(key, row, now)
            return
        self._place(key, Row(pin, now, now, now), now)
        if self._tell is not None:
            self._tell(key, pin)

    def _use(self, key: bytes, row: Row, now: float) -> None:
        row.seen = now
        self._rows.move_to_end(key)
        if self._tell is not None and now - row.announced > self._retell:
            row.announced = now
            self._tell(key, row.pin)

    def _place(self, key: bytes, row: Row, now: float) -> None:
        rows, numbers = self._rows, self._numbers
        before = rows.pop(key, None)
        if before is not None:
            numbers[before.pin] -= 1
        rows[key] = row
        numbers[row.pin] = numbers.get(row.pin, 0) + 1
        self._ended.pop(key, None)
        if len(rows) > self.bounds.entries:
            self._evict(now)

    def _evict(self, now: float) -> None:
        oldest = next(iter(self._rows))
        idle = now - self._rows[oldest].seen > self.bounds.idle
        self._drop(oldest, IDLE_OR_OLD if idle else EVICTED)

    def heard(self, key: bytes, pin: bytes, now: float) -> None:
        """Another worker's pin, or its end."""
        row = self._rows.get(key)
        if not pin:
            self._drop(key, "")
        elif row is not None and row.pin == pin:
            row.seen = row.announced = now
            self._rows.move_to_end(key)
        else:
            self._place(key, Row(pin, now, now, now), now)

    def missed(self) -> None:
        """Another worker told of pins that could not be read any more."""
        self._remembers_all = False

    def forget(self, key: bytes) -> bool:
        """Drop a pin, if it is there; whether it was."""
        if not self._drop(key, ""):
            return False
        if self._tell is not None:
            self._tell(key, b"")
        return True

    def _drop(self, key: bytes, reason: str) -> bool:
        row = self._rows.pop(key, None)
        if row is None:
            return False
        self._numbers[row.pin] -= 1
        self._ended[key] = reason
        if len(self._ended) > _MOST_ENDED:
            self._ended.popitem(last=False)
            self._remembers_all = False
        return True

    def purge(self, now: float) -> None:
        """Let those go that were idle for too long; the oldest stand first."""
        latest = now - self.bounds.idle
        for _ in range(_MOST_PURGED):
            oldest = next(iter(self._rows), None)
            if oldest is None or self._rows[oldest].seen >= latest:
                return
            self._drop(oldest, IDLE_OR_OLD)

    # --- showing and handing over ------------------------------------------------------------

    def counts(self, now: float) -> dict[str, int]:
        """How many pins lead to each backend, by its name."""
        self.purge(now)
        return {
            self._pins_to[pin].name: number
            for pin, number in self._numbers.items()
            if number and pin in self._pins_to
        }

    def pins(self, now: float) -> list[Pin]:
        """Every live pin, the most recently used last."""
        idle = self.bounds.idle
        return [
            Pin(
                key.hex(),
                self._pins_to[row.pin].name,
                round(row.since, 3),
                round(row.seen, 3),
                round(row.seen + idle - now, 1),
            )
            for key, row in self._rows.items()
            if now - row.seen <= idle and row.pin in self._pins_to
        ]

    def rows(self) -> list[tuple[bytes, bytes, float, float]]:
        """Key, pin, since and last seen of all, the most recently used last."""
        return [(key, row.pin, row.since, row.seen) for key, row in self._rows.items()]

    def take_over(
        self, began: float, rows: Iterable[tuple[bytes, bytes, float, float]], now: float
    ) -> None:
        """Go on where another table was; of a pin that both know, the one used last counts."""
        self.began = min(self.began, began)
        mine = [(key, row.pin, row.since, row.seen) for key, row in self._rows.items()]
        for key, pin, since, seen in sorted([*mine, *rows], key=lambda row: row[3]):
            self._place(key, Row(pin, since, seen, now), now)

    def rebound(self, bounds: Bounds, now: float) -> None:
        """Go on with other bounds, after a reload; no pin is lost for it but those that must."""
        self.bounds = bounds
        self._retell = bounds.idle / _RETELL
        while len(self._rows) > bounds.entries:
            self._evict(now)
