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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.reports.glyphs import Glyphs

MOST_NAME = 20  # columns
LEAST = 28  # columns for the requests; else they stand below the name
ROWS, LINES = 6, 3
PAST = "in brackets ( ): asked past the balancer"


class _Piece(NamedTuple):
    text: str
    style: str
    requests: int
    bad: int


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
        direct = False
        for cluster, strips in found.items():
            if len(found) > 1:
                name = settings.get(cluster, cluster)
                yield Text(_fit(name, self.width, self.glyphs), style="italic")
            rows = len(strips) if self.rows is None else max(1, self.rows // len(found))
            yield from self._rows(strips, rows)
            direct |= any(isinstance(s, Cell) and s.direct for strip in strips for s in strip.steps)
        if direct:
            yield Text(_fit(PAST, self.width, self.glyphs), style="dim")

    def _rows(self, strips: Sequence[Strip], most: int) -> Iterator[Text]:
        picked, like = chosen(strips, most)
        names = [_fit(strip.client, min(MOST_NAME, self.width), self.glyphs) for strip in picked]
        column = max(map(cell_len, names))
        for name, strip in zip(names, picked, strict=True):
            yield from self._row(set_cell_size(name, column), strip)
        more = [
            f"{like[strip.client]} more like {name}"
            for strip, name in zip(picked, names, strict=True)
            if like[strip.client]
        ]
        if others := len(strips) - len(picked) - like.total():
            more.append(f"{others} other{'s' if others > 1 else ''}")
        if more:
            said = f"{self.glyphs.more} and {', '.join(more)}"
            yield from (Text(line, style="dim") for line in wrap(said, self.width))

    def _row(self, name: str, strip: Strip) -> Iterator[Text]:
        indent = cell_len(name) + 2
        below = self.width - indent < LEAST
        if below:
            yield Text(name.rstrip(), style="bold")
            indent = 2
        for number, line in enumerate(self._lines(self._pieces(strip), self.width - indent)):
            first = not number and not below
            head = Text(name + "  " if first else " " * indent, style="bold" if first else "")
            yield head.append_text(line)

    def _pieces(self, strip: Strip) -> list[_Piece]:
        pieces = []
        for step, run in groupby(strip.steps):
            count = len(list(run))
            if isinstance(step, Mark):
                pieces.append(_Piece(f"[{self.glyphs.clean(str(step))}]", "bold magenta", 0, 0))
            else:
                style = "green" if step.well else "yellow"
                text = self._cell(step, count)
                pieces.append(_Piece(text, style, count, 0 if step.well else count))
        return pieces

    def _cell(self, cell: Cell, count: int) -> str:
        said = self.glyphs.yes if cell.said == "✓" else cell.said
        text = " ".join(filter(None, (cell.asked, cell.node, said)))
        if count > 1:
            text += f" {self.glyphs.times}{count}"
        return self.glyphs.clean(f"({text})" if cell.direct else text)

    def _lines(self, pieces: list[_Piece], width: int) -> list[Text]:
        lines = self._wrapped(pieces, width)
        if self.lines is None or len(lines) <= self.lines:
            return lines
        head, rest = self._first(pieces, width, self.lines - 1)
        tail: list[_Piece] = []
        while len(self._folded(head, rest[:-1], [rest[-1], *tail], width)) <= self.lines:
            tail.insert(0, rest.pop())
        return self._folded(head, rest, tail, width)

    def _folded(
        self, head: list[_Piece], rest: list[_Piece], tail: list[_Piece], width: int
    ) -> list[Text]:
        return self._wrapped([*head, _all(rest, self.glyphs), *tail], width)

    def _first(
        self, pieces: list[_Piece], width: int, lines: int
    ) -> tuple[list[_Piece], list[_Piece]]:
        """What fits in so many lines, and the rest."""
        count = 0
        while len(self._wrapped(pieces[: count + 1], width)) <= lines:
            count += 1
        return pieces[:count], pieces[count:]

    def _wrapped(self, pieces: Sequence[_Piece], width: int) -> list[Text]:
        """Line by line; one that goes on from another begins with the bar."""
        bar = f"{self.glyphs.bar} "
        lines = [Text()]
        for number, piece in enumerate(pieces):
            text = _fit(piece.text, width - len(bar), self.glyphs)
            if number and lines[-1].cell_len + 1 + len(bar) + cell_len(text) > width:
                lines.append(Text())
            elif number:
                lines[-1].append(" ")
            if number:
                lines[-1].append(bar, style="dim")
            lines[-1].append(text, style=piece.style)
        return lines


def _all(pieces: Sequence[_Piece], glyphs: Glyphs) -> _Piece:
    """What stands for those that there is no room for."""
    requests, bad = sum(p.requests for p in pieces), sum(p.bad for p in pieces)
    events = sum(not p.requests for p in pieces)
    said = [f"{requests} more request{'s' if requests != 1 else ''}"] if requests else []
    said += [f"{bad} not {glyphs.yes}"] if bad else []
    said += [f"{events} more event{'s' if events != 1 else ''}"] if events else []
    return _Piece(f"{glyphs.more} {', '.join(said)}", "dim", requests, bad)


def _fit(text: str, width: int, glyphs: Glyphs) -> str:
    """On one line of that width, with the end cut off where it is longer."""
    clean = glyphs.clean(text)
    if cell_len(clean) <= width:
        return clean
    more = glyphs.more
    return set_cell_size(clean, max(0, width - len(more))).rstrip() + more
