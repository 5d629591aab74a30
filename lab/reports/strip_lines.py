"""Strips as lines of a terminal: runs folded, wrapped with a hanging indent, cut with their count.

What happened to the cluster is what a story is about: it stays, and requests around it go. Nothing
in a client's or a node's name is markup or a control character here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
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
MOST_ROWS = 50  # of a cluster where all is told
MARKS = 3  # of the first, and as many of the last, that are always told
BAR = "│ "
PAST = "in brackets ( ): asked past the balancer"
AGAIN = "another client of the same user"


class _Piece(NamedTuple):
    text: str
    style: str
    requests: int = 0
    bad: int = 0
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """`rows` clients of all clusters and `lines` of each, more only for what must be told.

    None for all there are; but of more than `MOST_ROWS` clients those who fared alike are one.
    """

    width: int
    glyphs: Glyphs
    rows: int | None = ROWS
    lines: int | None = LINES

    def draw(
        self, found: Mapping[str, Sequence[Strip]], settings: Mapping[str, str]
    ) -> Iterator[Text]:
        """The strips of all clusters, under the names of their settings where there are several."""
        legend: dict[str, str] = {}
        for cluster, strips in found.items():
            if len(found) > 1:
                yield Text(self.glyphs.fit(settings.get(cluster, cluster), self.width), "italic")
            yield from self._rows(strips, self._picked(strips, len(found)), legend)
        for line in legend.values():
            yield Text(self.glyphs.fit(line, self.width), "dim")

    def _picked(self, strips: Sequence[Strip], clusters: int) -> list[tuple[Strip, int]]:
        """Those to draw, and how many more are like each; one that is left gets the line for it."""
        if self.rows is None and len(strips) <= MOST_ROWS:
            return [(strip, 0) for strip in strips]
        most = MOST_ROWS if self.rows is None else max(1, self.rows // clusters)
        picked = chosen(strips, most)
        left = len(strips) - sum(1 + alike for _, alike in picked)
        return chosen(strips, len(picked) + 1) if left == 1 else picked

    def _rows(
        self, strips: Sequence[Strip], picked: list[tuple[Strip, int]], legend: dict[str, str]
    ) -> Iterator[Text]:
        names = [self.glyphs.fit(strip.client, min(MOST_NAME, self.width)) for strip, _ in picked]
        column = max(map(cell_len, names))
        more = []
        for name, (strip, alike) in zip(names, picked, strict=True):
            yield from self._row(set_cell_size(name, column), strip, legend)
            more += [f"{alike} more like {name}"] if alike else []
            if strip.again:
                legend.setdefault(AGAIN, f"{name}: {AGAIN}")
        if others := len(strips) - sum(1 + alike for _, alike in picked):
            more.append(number(others, "other"))
        for line in wrap(self.glyphs.clean(f"… and {', '.join(more)}"), self.width) if more else ():
            yield Text(line, "dim")

    def _row(self, name: str, strip: Strip, legend: dict[str, str]) -> Iterator[Text]:
        head = Text(f"{name}  ", "bold")
        if self.width - head.cell_len < LEAST:
            yield Text(name.rstrip(), "bold")
            head = Text("  ")
        indent = head.cell_len
        pieces = [self._piece(step, len(list(run))) for step, run in groupby(strip.steps)]
        told = self._told(pieces, self.width - indent)
        if any(piece.direct for piece in told):
            legend[PAST] = PAST
        for line in self._wrapped(told, self.width - indent):
            yield head.append_text(line)
            head = Text(" " * indent)

    @staticmethod
    def _piece(step: Cell | Mark, count: int) -> _Piece:
        if isinstance(step, Mark):
            return _Piece(f"[{step}]", "bold magenta")
        text = " ".join(filter(None, (step.asked, step.node, step.said)))
        text += f" ×{count}" if count > 1 else ""
        style = "green" if step.well else "yellow"
        bad = count * (not step.well)
        return _Piece(f"({text})" if step.direct else text, style, count, bad, step.direct)

    def _told(self, pieces: list[_Piece], width: int) -> list[_Piece]:
        """Where they are too many: the marks, and of the requests those next to them and the ends.

        As many as there is room for. Of very many marks the first and the last.
        """
        if self.lines is None or len(self._wrapped(pieces, width)) <= self.lines:
            return pieces
        marks = [at for at, piece in enumerate(pieces) if not piece.requests]
        kept = {*marks[:MARKS], *marks[-MARKS:]}
        told = _folded(pieces, kept)
        room = max(self.lines, len(self._wrapped(told, width)))
        near = [-1, *sorted(kept), len(pieces)]
        requests = set(range(len(pieces))) - set(marks)
        for one in sorted(requests, key=lambda one: min(abs(one - other) for other in near)):
            kept.add(one)
            more = _folded(pieces, kept)
            if len(self._wrapped(more, width)) > room:
                break
            told = more
        return told

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


def _folded(pieces: Sequence[_Piece], kept: set[int]) -> list[_Piece]:
    """Those, and between them what stands for the others: a single one for itself."""
    told: list[_Piece] = []
    for one, other in pairwise([-1, *sorted(kept), len(pieces)]):
        between = pieces[one + 1 : other]
        told += [_all(between)] if len(between) > 1 else between
        told += pieces[other : other + 1]
    return told


def _all(pieces: Sequence[_Piece]) -> _Piece:
    """What stands for those that there is no room for."""
    requests, bad = sum(p.requests for p in pieces), sum(p.bad for p in pieces)
    events = sum(not p.requests for p in pieces)
    said = [number(requests, "more request") if requests else "", f"{bad} not ✓" if bad else ""]
    said.append(number(events, "more event") if events else "")
    return _Piece(f"… {', '.join(filter(None, said))}", "dim")
