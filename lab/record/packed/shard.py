"""The users whose operations are looked at together, and nobody else: one shard of a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from sessionlab.lab.record.packed.rows import decoded

if TYPE_CHECKING:
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.words import Words

_SHIFT = 40
_LONGEST, _MOST_USERS = 2**_SHIFT, 2 ** (64 - _SHIFT)  # microseconds are 12 days of them


@dataclass(frozen=True)
class Shard:
    """`rows` (ROW) are sorted by user, then by when they were invoked; `seen` (SEEN) beside them.

    `place` says where each row stood in the shard's history, which is in the order of completion.
    """

    rows: np.ndarray
    seen: np.ndarray
    words: Words
    place: np.ndarray = field(repr=False)
    _columns: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, rows: np.ndarray, seen: np.ndarray, words: Words) -> Self:
        """From rows in the order of completion."""
        order = _order(rows)
        return cls(rows.take(order), seen, words, order.astype(np.uint32))

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each user's rows begin, and at the end their number."""
        users = self.column("user")
        changes = np.flatnonzero(users[1:] != users[:-1]) + 1
        return np.concatenate(([0], changes, [len(users)])) if len(users) else np.zeros(1, int)

    def column(self, name: str) -> np.ndarray:
        """A field of all rows, side by side in memory: what is used again is faster so."""
        if name not in self._columns:
            self._columns[name] = np.ascontiguousarray(self.rows[name])
        return self._columns[name]

    def operations(self, where: slice | np.ndarray, began: int = 0) -> list[Operation]:
        """Some of its rows as operations, in the order of the rows.

        Their times are seconds since `began`, which is in microseconds since the run began.
        """
        return list(decoded(self.rows[where], self.seen, self.words, began))


def _order(rows: np.ndarray) -> np.ndarray:
    """By user, then by when they were invoked."""
    users, invoked = rows["user"], rows["invoked"]
    if len(rows) and users.max() < _MOST_USERS and invoked.max() < _LONGEST:
        key = (users.astype(np.uint64) << _SHIFT) | invoked  # one sort instead of two
        return np.argsort(key, kind="stable")
    return np.lexsort((invoked, users))
