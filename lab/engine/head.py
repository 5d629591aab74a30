"""The head of an answer, as it came."""

from __future__ import annotations

from typing import Any


class Head:
    """`lines` are the header lines in order, with their names as they came.

    `length` is what Content-Length says of the body, -1 where it says nothing; `keeps` whether the
    connection stays open. `notes` is for whoever reads answers: the same head may come again, and
    is then the same object.
    """

    __slots__ = ("keeps", "length", "lines", "notes", "status")

    def __init__(
        self, status: int, lines: list[tuple[bytes, bytes]], length: int, *, keeps: bool
    ) -> None:
        self.status = status
        self.lines = lines
        self.length = length
        self.keeps = keeps
        self.notes: Any = None


MOST_HEADS = 512
"""How many are remembered: a server's heads differ in little but the second in `Date`."""


class Heads(dict[bytes, Head]):
    """The heads that came last, by their bytes: one that comes again is not parsed again."""

    def remember(self, raw: bytes, head: Head) -> None:
        if len(self) >= MOST_HEADS:
            self.clear()
        self[raw] = head
