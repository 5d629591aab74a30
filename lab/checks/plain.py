"""Users whose lives are plainly fine, decided for all of a shard at once.

What `sessionlab.lab.verdicts` says of a user it says after replaying every operation, at some
microseconds each. Most users of a long run have never met anything but good answers, and errors
that ended: whoever logged in with one client, asked for one thing after the other, was always
itself, had the cart that it had to have, and whose logouts all went well. Theirs is decided here,
by columns. Whatever is not of that kind is in doubt, and is for the replay. Both say the same of
any history: tests hold that.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sessionlab.lab.checks.columns import LOGIN, LOGOUT, Columns
from sessionlab.lab.record.packed import schema
from sessionlab.lab.record.packed.rows import MICROSECONDS
from sessionlab.lab.verdicts.fates import Fate, Interruption, User

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.shard import Shard

    Booleans: TypeAlias = NDArray[np.bool_]
    Numbers: TypeAlias = NDArray[np.int64]

_AT_ONCE = 2_000_000  # items that reads have seen
_NO_KEY = np.iinfo(np.int64).max


class Plain:
    """`doubt` says of each user of the shard, by its place among them, that it is not plain."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._starts = shard.starts
        count = len(self._starts) - 1
        self.doubt: Booleans = np.zeros(count, bool)
        whose = np.repeat(np.arange(count), np.diff(self._starts))
        self._at = self._of_one_tab(whose)
        self._of = Columns(shard, rows=self._at)
        self._whose = whose[self._at]
        self._number = np.arange(len(self._at))
        self._look_at_lives()
        self._look_at_errors()
        self._look_at_carts()

    def _doubt(self, rows: Numbers | Booleans) -> None:
        """Of those rows' users."""
        self.doubt[self._whose[rows]] = True

    def _of_one_tab(self, whose: Numbers) -> Numbers:
        """The rows of each user's only client that logs in; others must change nothing."""
        column = self._shard.column
        tab, flags, cluster = column("tab"), column("flags"), column("cluster")
        enters = np.flatnonzero(flags & schema.ENTERS)
        users, first = np.unique(whose[enters], return_index=True)
        of = np.full(len(self.doubt), -1)
        of[users] = tab[enters[first]]
        own = tab == of[whose]
        asks = column("conversation") == LOGOUT
        asks |= (flags & schema.ENTERS > 0) | (column("item") > 0)
        odd = (flags & schema.DIRECT > 0) | (cluster != cluster[self._starts[:-1]][whose])
        self.doubt[of < 0] = True
        self.doubt[whose[odd | (asks & ~own)]] = True
        return np.flatnonzero(own)

    @cached_property
    def _is_login(self) -> Booleans:
        return self._of.conversation == LOGIN

    @cached_property
    def _is_logout(self) -> Booleans:
        return self._of.conversation == LOGOUT

    @cached_property
    def _login(self) -> Numbers:
        """The last login until then, which is this user's where it is not in doubt."""
        return np.maximum.accumulate(np.where(self._is_login, self._number, 0))

    @cached_property
    def _is_in(self) -> Booleans:
        """Whether a request was made under a login, and no logout asked for until it ended."""
        logout = np.maximum.accumulate(np.where(self._is_logout, self._number, -1))
        return ~self._is_login & (logout < self._login)

    @cached_property
    def _vouches(self) -> Booleans:
        """Whether it shows that the user is known, and its session there."""
        return self._is_in & ~self._of.error & self._of.vouches

    # What must not be

    def _look_at_lives(self) -> None:
        before, login, logout = self._of.completed[:-1], self._is_login, self._is_logout
        flags, item, found = self._of["flags"], self._of["item"], self._of["found"]
        nobody, took = self._of.refuses, self._of["took"]
        place = self._shard.place[self._at].astype(np.int64)
        first = np.diff(self._whose, prepend=-1) > 0
        late = np.zeros_like(login)  # at the same microsecond, nobody knows which was first
        gap = self._of.invoked[1:] - before
        late[1:] = (gap < 0) | ((gap == 0) & (login | logout)[1:]) | (place[1:] < place[:-1])
        strange = self._vouches | login
        strange &= (found > 0) & (found != self._of["user"])
        odd = first ^ (first & login)
        odd |= (late & ~first) | strange | (flags & schema.GIVEN_UP > 0)
        odd |= self._of.enters != login
        odd |= login & (self._of.error | self._of.refused | nobody | (item > 0))
        odd |= (took == 0) & (login | (item > 0))
        odd |= logout & ~self._of.success
        odd |= self._is_in & (nobody | ~self._of.sent)
        self._doubt(odd)

    def _look_at_errors(self) -> None:
        """Those that a session has survived are interruptions: from the first to an answer."""
        errors = np.flatnonzero(self._is_in & self._of.error)
        is_answer = self._vouches | ~(self._is_in | self._is_login | self._of.error)
        answers = np.flatnonzero(is_answer)
        after = np.searchsorted(answers, errors)
        there = after < len(answers)
        self._doubt(errors[~there])
        errors, ends = errors[there], answers[after[there]]
        over = self._login[ends] == self._login[errors]
        over &= self._whose[ends] == self._whose[errors]
        self._doubt(errors[~over])
        errors, ends = errors[over], ends[over]
        self._ends, first = np.unique(ends, return_index=True)
        self._errors = errors[first]

    def _look_at_carts(self) -> None:
        """Every cart that was shown, against what was put in: see `verdicts.cart`."""
        item = self._of["item"]
        self._doubt(np.flatnonzero(item >= schema.ITEM_WORD))
        writes = np.flatnonzero(item)
        keys = _keys(self._whose[writes], item[writes])
        again = np.flatnonzero((np.diff(keys) <= 0) & (np.diff(self._whose[writes]) == 0))
        self._doubt(writes[again])
        plain = ~self.doubt[self._whose[writes]]
        self._writes = np.append(writes[plain], 0)  # whatever else was seen is found last
        self._write_keys = np.append(keys[plain], _NO_KEY)
        self._is_acknowledged = (item > 0) & self._of.success
        self._put_in = self._is_acknowledged.cumsum()
        items = self._of["items"]
        shows = self._vouches & (items >= 0) & self._of.success
        reads = np.flatnonzero(shows & ~self.doubt[self._whose])
        chunks = items[reads].cumsum(dtype=np.int64) // _AT_ONCE
        for chunk in np.split(reads, np.flatnonzero(np.diff(chunks)) + 1):
            self._look_at_reads(chunk, items[chunk].astype(np.int64))

    def _look_at_reads(self, reads: Numbers, counts: Numbers) -> None:
        read = np.repeat(np.arange(len(reads)), counts)
        begins = self._column_at("seen", reads) - (counts.cumsum() - counts)
        places = np.repeat(begins, counts) + np.arange(len(read))
        seen = self._shard.seen.take(places.astype(np.int64, copy=False))
        foreign = seen["owner"] != self._column_at("user", reads)[read]
        keys = _keys(self._whose[reads][read], seen["item"])
        if ((np.diff(keys) < 0) & (np.diff(read) == 0)).any():  # no app has to show them in order
            order = np.lexsort((keys, read))
            keys, read, foreign = keys[order], read[order], foreign[order]
        twice = (np.diff(keys, prepend=-1) == 0) & (np.diff(read, prepend=-1) == 0)
        found = np.searchsorted(self._write_keys, keys)
        writes, at = self._writes[found], reads[read]
        odd = (self._write_keys[found] != keys) | twice | foreign
        self._doubt(at[odd | (writes > at) | self._of.refused[writes]])
        had_to = self._is_acknowledged[writes] & (writes > self._login[at])
        shown = np.bincount(read[had_to], minlength=len(reads))
        self._doubt(reads[self._put_in[reads] - self._put_in[self._login[reads]] != shown])

    def _column_at(self, name: str, rows: Numbers) -> Numbers:
        found: Numbers = self._shard.column(name)[self._at[rows]].astype(np.int64)
        return found

    # What became of them

    def users(self, began: int) -> list[tuple[int, User]]:
        """Each that is not in doubt, after its place in the history; see `Shard.operations`."""
        words, own = self._shard.words, np.flatnonzero(~self.doubt)
        places = np.minimum.reduceat(self._shard.place, self._starts[:-1])[own]
        first = np.searchsorted(self._whose, own)
        facts = zip(
            *(own.tolist(), places.tolist(), self._homes(own).tolist(), self._tied(own).tolist()),
            *(self._column_at(name, first).tolist() for name in ("user", "cluster", "tab")),
            strict=True,
        )
        moved, interrupted = self._moved(began), self._interruptions(began)
        found = []
        for whose, place, home, tied, client, cluster, tab in facts:
            at, before, entered, since = moved.get(whose, (None, 0, 0.0, 0.0))
            user = User(
                words.text("user", client),
                words.text("cluster", cluster),
                Fate.MOVED if at else Fate.KEPT,
                at,
                words.text("node", before or home) or None,
                interruptions=tuple(interrupted.get(whose, ())),
                tab=tab,
                entered=entered,
                since=since,
                tied=tied,
            )
            found.append((place, user))
        return found

    @cached_property
    def _stations(self) -> Numbers:
        """Where a user is led to a node, by a login or from one to another."""
        return np.flatnonzero(self._is_login | (self._vouches & (self._of["node"] > 0)))

    def _homes(self, users: Numbers) -> Numbers:
        last = np.searchsorted(self._whose[self._stations], users, side="right") - 1
        return self._column_at("node", self._stations[last])

    def _tied(self, users: Numbers) -> Booleans:
        """As `may_be_tied`: whether a pin was found or made in any of their requests."""
        found = [pin.partition(";")[0] for pin in self._shard.words.texts("pin")]
        said, tied = (
            np.array([bool(one) for one in found]),
            np.array([one != "NN" for one in found]),
        )
        pin, flags = self._of["pin"], self._of["flags"]
        tie = (flags & schema.TIE_KNOWN == 0) | (flags & schema.TIED > 0)
        times = np.bincount(
            self._whose[np.where(said[pin], tied[pin], tie)], minlength=len(self.doubt)
        )
        return times[users] > 0

    def _moved(self, began: int) -> dict[int, tuple[Operation, int, float, float]]:
        """At which operation they did, and from which node (word), since when they were in."""
        there, nodes = self._stations, self._column_at("node", self._stations)
        leaves = (nodes[1:] != nodes[:-1]) & (np.diff(self._whose[there]) == 0)
        leaves &= ~self._is_login[there[1:]] & ~self.doubt[self._whose[there[1:]]]
        rows, before = there[1:][leaves], nodes[:-1][leaves]
        users, first = np.unique(self._whose[rows], return_index=True)
        rows = rows[first]
        well = np.flatnonzero(self._is_login | self._vouches)
        since = self._seconds(well[np.searchsorted(well, rows) - 1], began)
        entered = self._seconds(self._login[rows], began)
        operations = self._shard.operations(self._at[rows], began)
        facts = zip(operations, before[first].tolist(), entered, since, strict=True)
        return dict(zip(users.tolist(), facts, strict=True))

    def _interruptions(self, began: int) -> dict[int, list[Interruption]]:
        spans: dict[int, list[Interruption]] = {}
        ends = ((self._of.completed[self._ends] - began) / MICROSECONDS).tolist()
        begins = self._seconds(self._errors, began)
        for user, begin, end in zip(self._whose[self._ends].tolist(), begins, ends, strict=True):
            spans.setdefault(user, []).append(Interruption(begin, end))
        return spans

    def _seconds(self, rows: Numbers, began: int) -> list[float]:
        found: list[float] = ((self._of.invoked[rows] - began) / MICROSECONDS).tolist()
        return found


def _keys(users: Numbers, items: Numbers) -> Numbers:
    """Of items, in the order of their users and numbers."""
    return (users << 32) | items.astype(np.int64)
