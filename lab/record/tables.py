"""A small table that a story shows beside its claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GAP = 2  # columns between two of the table's


@dataclass(frozen=True, slots=True)
class Table:
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self) -> Iterator[str]:
        """As text: the first column to the left, the others, which are mostly numbers, right."""
        whole = [self.columns, *self.rows]
        widths = [max(len(cell) for cell in column) for column in zip(*whole, strict=True)]
        for row in whole:
            first = row[0].ljust(widths[0])
            rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
            yield (" " * GAP).join([first, *rest]).rstrip()
