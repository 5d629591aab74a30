"""Strips as lines of a terminal: runs folded, wrapped with a hanging indent, cut with their count.

Nothing in a client's or a node's name is markup or a control character here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sessionlab.lab.reports.strips import Cell, Mark, Strip, chosen
from sessionlab.lab.verdicts.headline import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.reports.glyphs import Glyphs

MOST_NAME = 20  # columns
LEAST = 28  # columns for the requests; else they stand below the name
ROWS, LINES = 6, 3
BAR = "│ "
PAST = "in brackets ( ): asked past the balancer"


class _Piece(NamedTuple):
    text: str
    style: str
    requests: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """`rows` clients of a cluster and `lines` of each at most; None for all there are."""

    width: int
    glyphs: Glyphs
    rows: int | None = ROWS
    lines: int | None = LINES

    def draw(
        self, found: Mapping[str, Sequence[Strip]], settings: Mapping[str, str]
    ) -> Iterator[Text]:
        """The strips of all clusters, under the names of their settings where there are several."""
        for cluster, strips in found.items():
            if len(found) > 1:
                yield Text(self.glyphs.fit(settings.get(cluster, cluster), self.width), "italic")
            rows = len(strips) if self.rows is None else max(1, self.rows // len(found))
            yield from self._rows(strips, rows)
        steps = (step for strips in found.values() for strip in strips for step in strip.steps)
        if any(isinstance(step, Cell) and step.direct for step in steps):
            yield Text(self.glyphs.fit(PAST, self.width), "dim")

    def _rows(self, strips: Sequence[Strip], most: int) -> Iterator[Text]:
        picked = chosen(strips, most)
        names = [self.glyphs.fit(strip.client, min(MOST_NAME, self.width)) for strip, _ in picked]
        column = max(map(cell_len, names))
        more = []
        for name, (strip, alike) in zip(names, picked, strict=True):
            yield from self._row(set_cell_size(name, column), strip)
            more += [f"{alike} more like {name}"] if alike else []
        if others := len(strips) - sum(1 + alike for _, alike in picked):
            more.append(number(others, "other"))
        for line in wrap(self.glyphs.clean(f"… and {', '.join(more)}"), self.width) if more else ():
            yield Text(line, "dim")

    def _row(self, name: str, strip: Strip) -> Iterator[Text]:
        head = Text(f"{name}  ", "bold")
        if self.width - head.cell_len < LEAST:
            yield Text(name.rstrip(), "bold")
            head = Text("  ")
        indent = head.cell_len
        pieces = [self._piece(step, len(list(run))) for step, run in groupby(strip.steps)]
        for line in self._lines(pieces, self.width - indent):
            yield head.append_text(line)
            head = Text(" " * indent)

    @staticmethod
    def _piece(step: Cell | Mark, count: int) -> _Piece:
        if isinstance(step, Mark):
            return _Piece(f"[{step}]", "bold magenta")
        text = " ".join(filter(None, (step.asked, step.node, step.said)))
        text += f" ×{count}" if count > 1 else ""
        style = "green" if step.well else "yellow"
        return _Piece(f"({text})" if step.direct else text, style, count, count * (not step.well))

    def _lines(self, pieces: list[_Piece], width: int) -> list[Text]:
        """Where they are too many, so many of the first and of the last as there is room for."""
        lines = self._wrapped(pieces, width)
        if self.lines is None or len(lines) <= self.lines:
            return lines
        for ends in range((len(pieces) + 1) // 2):
            tail = len(pieces) - ends
            rest = _all(pieces[ends:tail])
            shorter = self._wrapped([*pieces[:ends], rest, *pieces[tail:]], width)
            if ends and len(shorter) > self.lines:
                break
            lines = shorter
        return lines

    def _wrapped(self, pieces: Sequence[_Piece], width: int) -> list[Text]:
        """Line by line; one that goes on from another begins with the bar."""
        lines: list[Text] = []
        for piece in pieces:
            bar = self.glyphs.clean(BAR) if lines else ""
            text = Text.assemble(
                (bar, "dim"), (self.glyphs.fit(piece.text, width - 2), piece.style)
            )
            if lines and lines[-1].cell_len + 1 + text.cell_len <= width:
                lines[-1].append(" ").append_text(text)
            else:
                lines.append(text)
        return lines


def _all(pieces: Sequence[_Piece]) -> _Piece:
    """What stands for those that there is no room for."""
    requests, bad = sum(p.requests for p in pieces), sum(p.bad for p in pieces)
    events = sum(not p.requests for p in pieces)
    said = [number(requests, "more request") if requests else "", f"{bad} not ✓" if bad else ""]
    said.append(number(events, "more event") if events else "")
    return _Piece(f"… {', '.join(filter(None, said))}", "dim")
