"""Writes a packed history while it happens: blocks of rows, as few bytes and cycles as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sessionlab.lab.record.history import Operation


class Writer:
    """One generator process's part of a history; each is written by one thread only.

    Blocks of 16,384 rows are written as they are full, or a second after the one before. An OSError
    (no space left) surfaces from `add`, `append`, `flush` or `close`; what was written before can
    be read. Of rows that could not be written none is kept.
    """

    add: Callable[..., None]
    """A row: the values of ROW's fields by position, in their order. Hot: under 1 µs."""

    def __init__(self, folder: Path, part: int = 0, shards: int = 16) -> None:
        """Begin part `part` of the history in the run folder `folder`; raises OSError."""

    def word(self, kind: str, text: str) -> int:
        """The number of a word, 0 for ""."""
        raise NotImplementedError

    def saw(self, pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Keep the items (SEEN) that the next row's read has found: ROW's `items` and `seen`."""
        raise NotImplementedError

    def append(self, operation: Operation, *, credential: int = 0, late: float = 0.0) -> None:
        """Any operation, slower; `credential` is the HMAC of what was sent, `late` in seconds."""
        raise NotImplementedError

    def flush(self) -> None:
        """Write what there is."""
        raise NotImplementedError

    def close(self) -> None:
        """Write what there is, and close its files."""
        raise NotImplementedError
