"""Which session each row belongs to: when it began, and whether its user has left it by then.

The rules are those of `sessionlab.lab.verdicts.life`, for all rows at once. A session begins with a
login that was not refused (without any in a tab, with a connection); who asks without a credential
has dropped it. Clients of a user that never logged in share the session of the only one that did.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.checks.columns import CONNECT, LOGIN, LOGOUT, UNKNOWN, moment

if TYPE_CHECKING:
    from sessionlab.lab.checks.columns import Columns, Mask, Numbers


@lru_cache(maxsize=1)
def sessions(of: Columns) -> Sessions:
    """The sessions in a shard's columns; those of the last one are kept."""
    return Sessions(of)


class Sessions:
    """The sessions of one shard's users, numbered from 0 by who shares them and when they began.

    `logins` are the rows that began them.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        begins = np.flatnonzero(self._begins)
        order = np.argsort(moment(self.shared[begins], columns.completed[begins]), kind="stable")
        self.logins = begins[order]
        self._entered = moment(self.shared, columns.completed)[self.logins]

    def __len__(self) -> int:
        return len(self.logins)

    @property
    def began(self) -> Numbers:
        """When its login was answered, of each session."""
        return self._columns.completed[self.logins]

    @cached_property
    def of(self) -> Numbers:
        """The session that a row belongs to, as its own tab began it last; -1 where it has none."""
        number = np.full(len(self._columns) + 1, -1)
        number[self.logins] = np.arange(len(self.logins))
        found = self._columns.last(self._begins | self._drops)
        return number[found]

    @cached_property
    def by_time(self) -> Numbers:
        """The session that had begun last when a row was asked, be it in another tab; or -1."""
        asked = moment(self.shared, self._columns.invoked)
        found = np.searchsorted(self._entered, asked, "right") - 1
        return np.where(self._shares(self.logins, found), found, -1)

    @cached_property
    def over(self) -> Mask:
        """Rows answered after an acknowledged logout from their session was asked for."""
        return self._left(self._columns.success)

    @cached_property
    def leaving(self) -> Mask:
        """The same of any logout, however that went."""
        return self._left(np.ones(len(self._columns), bool))

    @cached_property
    def unknown_over(self) -> Mask:
        """The same of those whose outcome nobody knows."""
        return self._left(self._columns.outcome == UNKNOWN)

    @cached_property
    def shared(self) -> Numbers:
        """Who shares a session: all tabs of a user, or each its own where several log in."""
        of = self._columns
        own = np.unique(of.tabs[of.enters & ~of.error & of.balanced])
        first = np.flatnonzero(np.diff(of.tabs, prepend=-1))
        several = np.bincount(of.group[first[own]], minlength=int(of.group.max(initial=-1)) + 1) > 1
        tabs = int(of.tabs.max(initial=0)) + 1
        return np.where(several[of.group], of.tabs + 1, tabs + 1 + of.group)

    @cached_property
    def _begins(self) -> Mask:
        of = self._columns
        entry = of.enters & of.balanced & ~of.error
        login = of.conversation == LOGIN
        begins = entry & login & ~of.refused & ~of.refuses
        connects = entry & (of.conversation == CONNECT) & ~self._logs_in & ~of.refuses
        if connects.any():  # but one that goes on with what it has
            marked = connects | self._drops
            before = np.concatenate(([-1], of.last(marked)[:-1]))
            same = np.concatenate(([False], of.tabs[1:] == of.tabs[:-1]))
            begins |= connects & ~(same & (before >= 0) & connects[before])
        return begins

    @cached_property
    def _drops(self) -> Mask:
        of = self._columns
        dropped = ~of.enters & of.balanced & ~of.error
        return dropped & (~of.sent | (of.refuses & ~self._logs_in))

    @cached_property
    def _logs_in(self) -> Mask:
        """Rows of tabs in which anybody ever asks to log in."""
        of = self._columns
        tabs = np.zeros(int(of.tabs.max(initial=-1)) + 1, bool)
        tabs[of.tabs[of.conversation == LOGIN]] = True
        return tabs[of.tabs]

    def _left(self, ending: Mask) -> Mask:
        of = self._columns
        rows = np.flatnonzero((of.conversation == LOGOUT) & ending & (self.of >= 0))
        rows = rows[np.argsort(moment(self.shared[rows], of.invoked[rows]), kind="stable")]
        asked = moment(self.shared, of.invoked)[rows]
        last = np.searchsorted(asked, moment(self.shared, of.completed), "right") - 1
        began = self.began[self.of] if len(self) else of.invoked
        left = self._shares(rows, last) & (self.of >= 0)
        left[left] = of.invoked[rows[last[left]]] >= began[left]
        return left

    def _shares(self, rows: Numbers, number: Numbers) -> Mask:
        """Whether row `rows[number]` is of who shares a session with each row; not for -1."""
        if not len(rows):
            return np.zeros(len(self._columns), bool)
        return (number >= 0) & (self.shared[rows[number]] == self.shared)
