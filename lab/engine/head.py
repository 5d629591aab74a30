"""The head of an answer, as it came."""

from __future__ import annotations

from typing import Any


class Head:
    """`raw` is all of it, up to the empty line; `keeps` says whether the connection stays open.

    `length` is the body's, where the answer came in one piece. `notes` is for whoever reads
    answers: the same head may come again, and is then the same object.
    """

    __slots__ = ("keeps", "length", "notes", "raw", "status")

    def __init__(self, status: int, raw: bytes, length: int, *, keeps: bool) -> None:
        self.status = status
        self.raw = raw
        self.length = length
        self.keeps = keeps
        self.notes: Any = None

    @property
    def lines(self) -> list[tuple[bytes, bytes]]:
        """The header lines in order, with their names as they came."""
        said = (line.partition(b":") for line in self.raw.split(b"\r\n")[1:] if line)
        return [(name, value.strip(b" \t")) for name, _, value in said]


MOST_HEADS = 512
"""How many are remembered: a server's heads differ in little but the second in `Date`."""


class Heads(dict[bytes, Head]):
    """The heads that came last, by their bytes: one that comes again is not parsed again."""

    def remember(self, raw: bytes, head: Head) -> None:
        if len(self) >= MOST_HEADS:
            self.clear()
        self[raw] = head
