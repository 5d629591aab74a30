"""A shard's rows by user and tab, column by column: what several checks ask of them, made once.

The classes of answers are those of `sessionlab.lab.verdicts.classify`, for all rows at once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sessionlab.lab.record.packed.schema import (
    DIRECT,
    ENTERS,
    FAREWELL,
    FIXED,
    GIVEN_UP,
    OUTCOMES,
    ROW,
    TIE_KNOWN,
    TIED,
    WHO,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.shard import Shard

    Mask = NDArray[np.bool_]
    Numbers = NDArray[Any]

SECOND = 1_000_000  # microseconds
REPLICA = 1000  # the first tab that is no browser's, but comes back with an old credential
CONVERSATIONS = FIXED["conversation"]
CONNECT, LOGIN, LOGOUT = (CONVERSATIONS.index(one) + 1 for one in ("connect", "login", "logout"))
_OK, _FAILED, UNKNOWN = range(len(OUTCOMES))
_NOTHING, USER, _NOBODY, _ERROR = range(len(WHO))
EXAMPLES = 5  # lines of evidence
_TIME_BITS = 41  # microseconds of 25 days
_REFUSED, _SERVER_ERROR = 400, 500
ITEM_BITS = 32  # of an item's number
_PORTION = 10_000  # reads that are looked at at once


class Columns:
    """The rows of one shard by cluster, user, tab and when they were invoked, or those `rows`.

    Times are microseconds since the workload, or the story, began.
    """

    def __init__(self, shard: Shard, began: float = 0.0, rows: Numbers | None = None) -> None:
        self.shard, self.began = shard, began
        self._order = rows
        if rows is not None:
            return
        cluster, user, tab = (shard.column(name) for name in ("cluster", "user", "tab"))
        if len(user) and (tab.any() or (cluster != cluster[0]).any()):
            key = (cluster.astype(np.int64) << 48) | (user.astype(np.int64) << 16) | tab
            self._order = np.argsort(key, kind="stable")

    def __len__(self) -> int:
        return len(self.shard.rows if self._order is None else self._order)

    def __getitem__(self, name: str) -> Numbers:
        """A column of ROW, in the order of these."""
        found = self.shard.column(name)
        return found if self._order is None else found[self._order]

    def __getattr__(self, name: str) -> Numbers:
        """The same, kept: `node` is a column that several ask for."""
        if name not in (ROW.names or ()):
            raise AttributeError(name)
        found = self.__dict__[name] = self[name]
        return found

    @cached_property
    def invoked(self) -> Numbers:
        began = round(self.began * SECOND)
        return np.maximum(self["invoked"].astype(np.int64) - began, 0)

    @cached_property
    def completed(self) -> Numbers:
        return self.invoked + self["took"]

    @cached_property
    def sent(self) -> Mask:
        """A credential was sent."""
        return self["size"] > 0

    @cached_property
    def enters(self) -> Mask:
        return (self.flags & ENTERS) > 0

    @cached_property
    def balanced(self) -> Mask:
        """Not past the balancer, and its client waited for the answer."""
        return (self.flags & (DIRECT | GIVEN_UP)) == 0

    @cached_property
    def timed(self) -> Mask:
        """The same, asked in the workload's time: what figures of served and waited count."""
        return self.balanced & self.in_time

    @cached_property
    def in_time(self) -> Mask:
        """Asked while the workload went on, and not only to say who one still is."""
        return (self.flags & FAREWELL) == 0

    @cached_property
    def tied(self) -> Mask:
        """The client knows that it sent what the affinity goes by."""
        return (self.flags & (TIE_KNOWN | TIED)) == TIE_KNOWN | TIED

    @cached_property
    def success(self) -> Mask:
        return (self.outcome == _OK) & (self.who < _NOBODY)

    @cached_property
    def vouches(self) -> Mask:
        return (self.who == USER) | ((self.items >= 0) & self.success)

    @cached_property
    def refuses(self) -> Mask:
        return self.who == _NOBODY

    @cached_property
    def refused(self) -> Mask:
        """A 4xx."""
        return (self.status >= _REFUSED) & (self.status < _SERVER_ERROR)

    @cached_property
    def error(self) -> Mask:
        return (self.who == _ERROR) | ((self.status == 0) & (self.who == _NOTHING))

    @cached_property
    def group(self) -> Numbers:
        """Which user of which cluster, from 0."""
        return _numbered(self.user, self["cluster"])

    @cached_property
    def tabs(self) -> Numbers:
        """Which tab of which user, from 0."""
        return _numbered(self.group, self.tab)

    @cached_property
    def second(self) -> Numbers:
        """In which it was asked, from 0 on."""
        return self.invoked // SECOND

    def last(self, marked: Mask) -> Numbers:
        """For each row the last marked one of its tab, itself included; -1 where none is."""
        found = np.where(marked, np.arange(len(self)), -1)
        np.maximum.accumulate(found, out=found)
        return np.where(found >= _firsts(self.tabs)[self.tabs], found, -1)

    def shown(self, rows: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Each item that some rows show: the place of its row among them, its owner, its number."""
        length = self.items[rows]
        place = np.repeat(np.arange(len(rows)), length)
        first = self["seen"][rows].astype(np.int64) - np.cumsum(length) + length
        entries = self.shard.seen[np.arange(len(place)) + np.repeat(first, length)]
        return place, entries["owner"], entries["item"].astype(np.int64)

    @cached_property
    def adds(self) -> bool:
        """Whether anybody was shown two items of their own: see `sessionlab.lab.verdicts.cart`."""
        wrote, several = np.flatnonzero(self["item"]), np.flatnonzero(self.items > 1)
        written = self.named(wrote, self["item"][wrote])
        for begin in range(0, len(several), _PORTION):
            rows = several[begin : begin + _PORTION]
            place, owner, item = self.shown(rows)
            own = (owner == 0) | (owner == self.user[rows][place])
            own &= np.isin(self.named(rows[place], item), written)
            if (np.bincount(place[own]) > 1).any():
                return True
        return False

    def named(self, rows: Numbers, item: Numbers) -> Numbers:
        """An item for each row, by its user and its number there, as one number."""
        return (self.group[rows].astype(np.int64) << ITEM_BITS) | item.astype(np.int64)

    def operations(self, rows: Numbers) -> list[Operation]:
        """Rows by their numbers."""
        return self.shard.operations(rows if self._order is None else self._order[rows])

    def texts(self, kind: str, numbers: Numbers) -> list[str]:
        """Words of that kind."""
        return [self.shard.words.text(kind, int(number)) for number in numbers]

    def said(self, row: int) -> str:
        """Who asked what, and when, in a line of evidence."""
        return f"{self.name(row)} at {at(self.invoked[row])}: {self._what(row)}"

    def _what(self, row: int) -> str:
        number = int(self.conversation[row])
        return self.shard.words.text("conversation", number) if number else "request"

    def name(self, row: int) -> str:
        """The user of a row."""
        return self.shard.words.text("user", int(self.user[row]))


def columns(shard: Shard, about: About) -> Columns:
    """The columns of a shard; those of the last one are kept, as several checks look at it."""
    if not _KEPT or _KEPT[0].shard is not shard or _KEPT[0].began != about.began:
        _KEPT[:] = [Columns(shard, about.began)]
    return _KEPT[0]


_KEPT: list[Columns] = []


def forget() -> None:
    """Let go of the last shard, before the next one is read."""
    _KEPT.clear()


def moment(group: Numbers, microseconds: Numbers) -> Numbers:
    """A number that sorts by group, and within each by time."""
    return (group.astype(np.int64) << _TIME_BITS) | microseconds


def at(microseconds: int) -> str:
    """`3.214 s`."""
    return f"{microseconds / SECOND:.3f} s"


def total(parts: Sequence[Any], name: str) -> int:
    """The sum of one field of what was found in each shard."""
    return int(sum(getattr(part, name) for part in parts))


def examples(parts: Sequence[Any]) -> list[str]:
    """The first of the evidence that was found in all shards."""
    return [line for part in parts for line in part.evidence][:EXAMPLES]


def share(part: int, whole: int, digits: int) -> float:
    """In %, rounded down: 100 is all of them."""
    return 100 * 10**digits * part // whole / 10**digits


def padded(series: Sequence[Numbers]) -> Numbers:
    """Counts by second of several shards, summed; the shorter ones end in nothing."""
    length = max((len(one) for one in series), default=0)
    found = np.zeros(length, np.int64)
    for one in series:
        found[: len(one)] += one
    return found


def _numbered(*keys: Numbers) -> Numbers:
    """Neighbours with the same keys have the same number, from 0 on."""
    new = np.zeros(len(keys[0]), bool)
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.cumsum(new)


def _firsts(group: Numbers) -> Numbers:
    """Where each group begins."""
    return np.flatnonzero(np.diff(group, prepend=-1))
