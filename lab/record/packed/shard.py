"""The users whose operations are looked at together, and nobody else: one shard of a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.words import Words


@dataclass(frozen=True)
class Shard:
    """`rows` (ROW) are sorted by user, then by when they were invoked; `seen` (SEEN) beside them.

    `place` says where each row stood in the shard's history, which is in the order of completion.
    """

    rows: np.ndarray
    seen: np.ndarray
    words: Words
    place: np.ndarray = field(repr=False)

    def users(self) -> Iterator[slice]:
        """The rows of each user."""
        raise NotImplementedError

    def operations(self, where: slice | np.ndarray) -> list[Operation]:
        """Some of its rows as operations, in the order of the rows."""
        raise NotImplementedError
