"""Updates: what a user was told is in its cart is there when it looks again.

The rule is that of `sessionlab.lab.verdicts.cart`, for all reads at once: of a session, an addition
that was acknowledged before a read began must be in it; one that was tried and not refused (4xx) by
the time it was answered may be; anything else may not. Carts hold an item as often as it was added.
A read after an acknowledged logout is held against nobody, nor is one that names nobody after a
logout whose outcome is unknown: the session may be over, and may not.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import (
    EXAMPLES,
    ITEM_BITS,
    USER,
    columns,
    examples,
    moment,
    total,
)
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.checks.sessions import sessions
from sessionlab.lab.record.packed.schema import DIRECT
from sessionlab.lab.verdicts.cart import REPLACED, Cart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.checks.columns import Columns, Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.shard import Shard

_COUNTS = ("reads", "acknowledged", "lost", "wrong", "foreign", "users", "unsure")
_PORTION = 250_000
_LAST_BITS = (1 << ITEM_BITS) - 1


class Seen(NamedTuple):
    """One shard's: `acknowledged` additions that a read must have shown, and what was not so.

    `unsure` reads lacked some, which a later one may have replaced.
    """

    evidence: tuple[str, ...] = ()
    reads: int = 0
    acknowledged: int = 0
    lost: int = 0
    wrong: int = 0
    foreign: int = 0
    users: int = 0
    unsure: int = 0


class Updates:
    """What was acknowledged is not lost, and what is shown was once asked for."""

    name = "updates"
    summary = "what was acknowledged is found again, and nothing that nobody wrote"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "lost_writes": "acknowledged additions that a later read of the session did not show",
            "foreign_items": "items shown to users who never asked for them, each once a read",
            "wrong_reads": "reads that lacked something, or showed something foreign",
        }
    )

    def look(self, shard: Shard, about: About) -> Seen:
        of = columns(shard, about)
        return _Carts(of).seen() if len(of) else Seen()

    def judge(self, parts: Sequence[Seen], _about: About) -> Finding:
        all_of = Seen((), *[total(parts, name) for name in _COUNTS])
        figures = {
            "lost_writes": all_of.lost,
            "foreign_items": all_of.foreign,
            "wrong_reads": all_of.wrong,
            "reads": all_of.reads,
            "acknowledged": all_of.acknowledged,
            "users_wrong": all_of.users,
        }
        if all_of.wrong:
            said = (
                f"{all_of.lost} of {all_of.acknowledged} acknowledged additions were missing, and"
                f" {all_of.foreign} foreign items shown, in {all_of.wrong} of {all_of.reads} reads"
            )
            return Finding(self.name, Verdict.BROKEN, said, figures, examples(parts))
        if all_of.unsure:
            said = f"{all_of.unsure} of {all_of.reads} reads lacked some, but {REPLACED}"
            return Finding(self.name, Verdict.UNKNOWN, said, figures | {"lost_writes": None})
        if not all_of.acknowledged:
            nothing = dict.fromkeys(figures) if not all_of.reads else figures
            said = "no read came after an acknowledged addition"
            return Finding(self.name, Verdict.UNKNOWN, said, nothing)
        said = f"{all_of.acknowledged} acknowledged additions were in all {all_of.reads} reads"
        return Finding(self.name, Verdict.HOLDS, said, figures)


UPDATES = Updates()


class _Carts:
    """The additions and the reads of a shard, as numbers.

    An item is known by its user and its number there: see `schema`. `tried` and `kept` are rows
    that add one, `key` is the number of each row's item.
    """

    def __init__(self, of: Columns) -> None:
        self._of, self._sessions = of, sessions(of)
        self._looked_into: tuple[int, Cart, dict[int, Operation]] = (-1, Cart((), ()), {})
        session = self._sessions
        may_read = of.balanced & (of.items >= 0) & of.success & of.sent & ~of.enters
        may_read &= (session.of >= 0) & ~session.over
        self._reads = np.flatnonzero(may_read & ((of.who == USER) | ~session.unknown_over))
        adds = (of["item"] > 0) & ((of.flags & DIRECT) == 0)
        self._tried = np.flatnonzero(adds & ~of.refused)
        self._kept = np.flatnonzero(adds & of.success & (session.by_time >= 0))
        own = adds & of.success & (of.completed > of.invoked)
        self._own = np.where(own, np.arange(len(of)), -1)  # in what it answers itself
        self._keys, first = np.unique(self._key(self._tried), return_index=True)
        self._once = self._tried[first] if len(first) == len(self._tried) else None

    def seen(self) -> Seen:
        of, reads, session = self._of, self._reads, self._sessions
        if not len(reads):
            return Seen()
        found = [self._compared(part) for part in _in_parts(reads, of.items[reads])]
        kept, strange = np.concatenate(found, axis=1)
        must = self._must()
        missing = must - kept
        unsure = self._unsure(missing)
        missing[unsure] = 0
        wrong = (missing > 0) | (strange > 0)
        lost, asked = np.zeros((2, len(session)), np.int64)
        np.maximum.at(lost, session.of[reads], missing)
        np.maximum.at(asked, session.of[reads], must)
        return Seen(
            reads=len(reads),
            acknowledged=int(asked.sum()),
            lost=int(lost.sum()),
            wrong=int(wrong.sum()),
            foreign=int(strange.sum()),
            users=len(np.unique(of.group[reads[wrong]])),
            unsure=len(unsure),
            evidence=tuple(map(self._evidence, reads[wrong][:EXAMPLES].tolist())),
        )

    def _compared(self, reads: Numbers) -> tuple[Numbers, Numbers]:
        """Of some reads, how many items are shown that must be, and that may not be."""
        read, key, times, strange = self._shown(reads)
        row = reads[read]
        if self._once is None:
            may, must = self._of_many(row, key)
        else:
            may, must = self._of_once(row, self._once[key])
        kept = np.bincount(read, np.minimum(times, must), len(reads))
        more = np.bincount(read, np.maximum(times - may, 0), len(reads))
        return kept.astype(np.int64), (strange + more).astype(np.int64)

    def _key(self, rows: Numbers) -> Numbers:
        return self._of.named(rows, self._of["item"][rows])

    def _shown(self, reads: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Each read's items: the read, the number of the item, how often.

        And how many items it has shown that nobody of that name ever asked for.
        """
        of = self._of
        read, owner, item = of.shown(reads)
        wanted = of.named(reads[read], item)
        key = np.searchsorted(self._keys, wanted)
        known = (owner == 0) | (owner == of.user[reads][read])
        known &= (key < len(self._keys)) & (np.append(self._keys, -1)[key] == wanted)
        strange = np.bincount(read[~known], minlength=len(reads))
        both = (read[known] << ITEM_BITS) | key[known]
        times = np.ones(len(both), np.int64)
        if (np.diff(both) <= 0).any():  # not in order, or one of them twice
            both, times = np.unique(both, return_counts=True)
        return both >> ITEM_BITS, both & _LAST_BITS, times, strange

    def _must(self) -> Numbers:
        """How many items each read must show."""
        of, session, reads = self._of, self._sessions, self._reads
        kept = np.sort(moment(session.by_time[self._kept], of.completed[self._kept]))
        number = session.of[reads]
        until = np.searchsorted(kept, moment(number, of.invoked[reads]), "right")
        since = np.searchsorted(kept, moment(number, np.zeros_like(number)))
        return until - since + (self._own[reads] >= 0)

    def _of_once(self, row: Numbers, write: Numbers) -> tuple[Numbers, Numbers]:
        """Whether an item that one request alone has tried to add may be in a read, and must."""
        of, session = self._of, self._sessions
        may = of.invoked[write] <= of.completed[row]
        must = of.success[write] & (session.by_time[write] == session.of[row])
        must &= of.completed[write] <= of.invoked[row]
        return may.astype(np.int64), (must | (self._own[row] == write)).astype(np.int64)

    def _of_many(self, row: Numbers, key: Numbers) -> tuple[Numbers, Numbers]:
        """The same, as often as it may be there, and must: some were tried several times."""
        of, session, size = self._of, self._sessions, len(self._keys)
        tried = np.searchsorted(self._keys, self._key(self._tried))
        may = _times(tried, of.invoked[self._tried], key, of.completed[row])
        kept = np.searchsorted(self._keys, self._key(self._kept))
        kept += session.by_time[self._kept] * size
        must = _times(kept, of.completed[self._kept], key + session.of[row] * size, of.invoked[row])
        own = (self._own[row] >= 0) & (self._key(row) == self._keys[key])
        return may, must + own

    def _unsure(self, missing: Numbers) -> Numbers:
        """Which reads lack what may have been replaced: one by one, as most apps add."""
        lacking = [] if self._of.adds else np.flatnonzero(missing > 0).tolist()
        found = [place for place in lacking if not self._missing(self._reads[place])]
        return np.array(found, np.int64)

    def _missing(self, row: int) -> list[str]:
        cart, read, login = self._in_its_cart(row)
        return cart.missing(read, login)

    def _evidence(self, row: int) -> str:
        """What is wrong with one read, in words."""
        cart, read, login = self._in_its_cart(row)
        return f"{self._of.said(row)}: {cart.fault(read, login)}"

    def _in_its_cart(self, row: int) -> tuple[Cart, Operation, Operation]:
        """The cart that a read is of, the read, and the login of its session."""
        session = self._sessions
        if self._looked_into[0] != session.shared[row]:
            self._looked_into = (int(session.shared[row]), *self._cart(row))
        _, cart, everybody = self._looked_into
        return cart, everybody[row], everybody[int(session.logins[session.of[row]])]

    def _cart(self, row: int) -> tuple[Cart, dict[int, Operation]]:
        """Of who shares a row's session, with all operations of that user by their rows."""
        of, shared = self._of, self._sessions.shared
        rows = np.flatnonzero(of.group == of.group[row])
        rows = rows[(of.flags[rows] & DIRECT) == 0]
        everybody = dict(zip(rows.tolist(), of.operations(rows), strict=True))
        own = rows[shared[rows] == shared[row]].tolist()
        cart = Cart([everybody[number] for number in own], everybody.values(), adds=of.adds)
        return cart, everybody


def _in_parts(reads: Numbers, length: Numbers) -> list[Numbers]:
    """The reads in portions of so many items that little memory is needed at once."""
    shown = np.cumsum(length)
    ends = np.searchsorted(shown, np.arange(_PORTION, int(shown[-1]), _PORTION))
    return np.split(reads, ends)


def _times(number: Numbers, when: Numbers, asked: Numbers, until: Numbers) -> Numbers:
    """How often each number that is asked for has come, until then."""
    known, number = np.unique(number, return_inverse=True)
    came = np.sort(moment(number, when))
    place = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
    if not len(known):
        return np.zeros(len(asked), np.int64)
    found = np.searchsorted(came, moment(place, until), "right")
    return (found - np.searchsorted(came, moment(place, np.zeros_like(until)))) * (
        known[place] == asked
    )
