"""A small table that a story shows beside its claims."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GAP = 2  # columns between two of the table's
WHY = "why"
"""A last column of this name says why a row is as it is: it is text, and has several lines."""
LEAST = 14  # columns that it needs


@dataclass(frozen=True, slots=True)
class Table:
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def says_why(self) -> bool:
        return self.columns[-1] == WHY

    def lines(self, width: int = 78) -> Iterator[str]:
        """As text: the first column to the left, the others, which are mostly numbers, right.

        Where that is wider than there is room, each row is a paragraph.
        """
        numbers = len(self.columns) - self.says_why
        whole = [self.columns, *self.rows]
        widths = [max(len(row[n]) for row in whole) for n in range(numbers)]
        room = width - sum(widths) - GAP * (len(self.columns) - 1)
        if room < (LEAST if self.says_why else 0):
            yield from self._paragraphs(width)
            return
        for row in whole:
            first = row[0].ljust(widths[0])
            rest = (cell.rjust(wide) for cell, wide in zip(row[1:], widths[1:], strict=False))
            line = (" " * GAP).join([first, *rest])
            why = wrap(row[-1], room) if self.says_why else []
            yield (" " * GAP).join([line, *why[:1]]).rstrip()
            yield from (" " * (len(line) + GAP) + more for more in why[1:])

    def _paragraphs(self, width: int) -> Iterator[str]:
        for row in self.rows:
            cells = zip(self.columns[1:], row[1:], strict=True)
            said = ", ".join(f"{column} {cell}" for column, cell in cells)
            yield from wrap(f"{row[0]}: {said}", width, subsequent_indent="  ")
