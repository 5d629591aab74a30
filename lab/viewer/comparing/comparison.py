"""What changed from one run to another: plain values, which are the JSON of `judge A B`.

Every figure has an interval of its difference at LEVEL, chosen so that a comparison of some forty
figures says of one in 25 pairs of runs that are alike, at most, that anything differs (0.001 times
the number of figures; many go together). That is about chance among the users of these two runs,
and for speed among their seconds too. What stays the same all through a run, and differs in the
next, such as how busy the machine was, two runs alone cannot tell; MARGIN of speed allows for some.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from sessionlab.lab.viewer import view

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEVEL = 0.999
_MOST = 3  # stories, or figures, in a sentence
LOST = "lost"  # the figure that comes first
MARGIN = 0.05
"""Of A's latency or throughput: a smaller difference is none."""


class Change(StrEnum):
    """What became of a figure; DIFFERENT is neither good nor bad."""

    WORSE = "worse"
    BETTER = "better"
    DIFFERENT = "different"
    SAME = "no difference seen"
    UNKNOWN = "not comparable"


_ORDER = [Change.WORSE, Change.BETTER, Change.DIFFERENT, Change.SAME, Change.UNKNOWN]


class Asked(Struct, frozen=True):
    """What was asked for in one run and not in the other; "" where one does not say."""

    what: str
    a: str
    b: str


class Measure(Struct, frozen=True):
    """One figure of both runs, and the interval of B - A.

    `of` is what it is about (users, checks, latency, throughput), `why` says what keeps it from
    being compared. Shares are in %, and their difference in points of it.
    """

    of: str
    what: str
    unit: str
    a: float | None
    b: float | None
    low: float | None
    high: float | None
    change: Change
    why: str = ""

    @property
    def said(self) -> str:
        """`p99 4.1 → 9.8 ms, 3.0 to 8.2 more`."""
        if self.change is Change.UNKNOWN:
            return f"not comparable: {self.why}"
        if self.change is Change.SAME:
            return str(self.change)
        return f"{self.brief}, {self.interval}"

    @property
    def brief(self) -> str:
        """`p99 4.1 → 9.8 ms`."""
        return f"{self.what} {rounded(self.a)} → {rounded(self.b)}{self._unit}"

    @property
    def difference(self) -> str:
        """`+5.7 ms`; "" where it is not known."""
        if self.a is None or self.b is None:
            return ""
        sign = "+" if self.b > self.a else "−" if self.b < self.a else ""
        return f"{sign}{rounded(abs(self.b - self.a))}{self._points}"

    @property
    def interval(self) -> str:
        """`3.0 to 8.2 more`, `1.0 less to 2.0 more`; "" where it is not known."""
        if self.low is None or self.high is None:
            return ""
        low, high = self.low, self.high
        points = " points" if self.unit.startswith("%") else ""
        if low >= 0:
            return f"{rounded(low)} to {rounded(high)}{points} more"
        if high <= 0:
            return f"{rounded(-high)} to {rounded(-low)}{points} less"
        return f"{rounded(-low)} less to {rounded(high)}{points} more"

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    @property
    def _points(self) -> str:
        return " points" if self.unit.startswith("%") else self._unit

    def side(self, value: float | None) -> str:
        """One run's figure with its unit; a dash where it is not known."""
        return "–" if value is None else f"{rounded(value)}{self._unit}"


class Comparison(Struct, frozen=True):
    """Two runs of one story, or of one experiment."""

    name: str
    asked: list[Asked] = []
    measures: list[Measure] = []
    notes: list[str] = []

    def with_change(self, *changes: Change) -> list[Measure]:
        """The figures that changed like that."""
        return [one for one in self.measures if one.change in changes]

    @property
    def sentence(self) -> str:
        """Of users first: `better: lost 33.3 → 0 % of users; worse: p50 0.9 → 1.3 ms`."""
        if not (changed := self.told_first):
            return self._unchanged
        kinds = {one.change: None for one in changed}  # in the order in which each comes first
        groups = {
            kind: ", ".join(_named(one) for one in changed if one.change is kind) for kind in kinds
        }
        return "; ".join([*self._who, *(f"{kind}: {briefs}" for kind, briefs in groups.items())])

    @property
    def told_first(self) -> list[Measure]:
        """The figures of a sentence: who was lost, and one of each other kind that changed."""
        changed = self.with_change(Change.WORSE, Change.BETTER, Change.DIFFERENT)
        changed.sort(key=lambda one: (one.what != LOST, _ORDER.index(one.change)))
        first: dict[str, Measure] = {}
        for one in changed:
            first.setdefault(one.of, one)
        return list(first.values())[:_MOST]

    @property
    def _unchanged(self) -> str:
        if same := self.with_change(Change.SAME):
            return "; ".join([f"no difference seen in {len(same)} figures", *self._who])
        return "nothing can be compared" + (f": {self.measures[0].why}" if self.measures else "")

    @property
    def _who(self) -> Iterator[str]:
        """That as many users were lost, where no change in that is to be seen."""
        for one in self.with_change(Change.SAME):
            if one.what == LOST and one.a == one.b == 0:
                yield "nobody was lost in either"
            elif one.what == LOST:
                yield f"lost {rounded(one.a)} and {rounded(one.b)} % of users (no difference seen)"


def exit_status(comparisons: Sequence[Comparison]) -> int:
    """1 when anything got worse, 3 when there was nothing to compare, else 0."""
    changes = {one.change for each in comparisons for one in each.measures}
    if Change.WORSE in changes:
        return 1
    return 0 if changes - {Change.UNKNOWN} else 3


def drawn(comparisons: Sequence[Comparison], a: str, b: str) -> view.Comparison:
    """All of them in one table, as a page shows it; `a` and `b` are the names of the runs."""
    several = len(comparisons) > 1
    return view.Comparison(
        a=a,
        b=b,
        level=LEVEL,
        sentence=_sentence(comparisons),
        rows=[row for one in comparisons for row in _rows(one, several=several)],
        notes=[
            f"{one.name}: {note}" if several else note for one in comparisons for note in one.notes
        ],
    )


def _sentence(comparisons: Sequence[Comparison]) -> str:
    """The only one's; of several, what changed in which."""
    if len(comparisons) == 1:
        return comparisons[0].sentence
    changed = [(one, one.told_first[0]) for one in comparisons if one.told_first]
    if changed:
        changed.sort(key=lambda each: (each[1].what != LOST, _ORDER.index(each[1].change)))
        said = [f"{one.name} {most.change}: {_named(most)}" for one, most in changed[:_MOST]]
        more = [f"{len(changed) - _MOST} more changed"] if len(changed) > _MOST else []
        return "; ".join([*said, *more])
    seen = [one for one in comparisons if one.with_change(Change.SAME)]
    of = f"no difference seen: {len(seen)} of {len(comparisons)} stories can be compared"
    return of if seen else "nothing can be compared"


def _named(one: Measure) -> str:
    """Where no heading says what a percentile is of."""
    return f"latency {one.brief}" if one.of == "latency" else one.brief


def _rows(comparison: Comparison, *, several: bool) -> Iterator[view.Row]:
    of = f"{comparison.name}: " if several else ""
    for one in comparison.asked:
        yield view.Row(f"{of}{one.what}", one.a or "–", one.b or "–", "", "", "asked for")
    for each in sorted(comparison.measures, key=lambda one: _ORDER.index(one.change)):
        a, b = each.side(each.a), each.side(each.b)
        said = each.said if each.change in (Change.SAME, Change.UNKNOWN) else str(each.change)
        yield view.Row(f"{of}{each.what}", a, b, each.difference, each.interval, said)


def rounded(value: float | None) -> str:
    """Three digits; `0.05`, `4.1`, `12,300`."""
    if value is None:
        return "–"
    return f"{value:.3g}" if abs(value) < 1000 else f"{float(f'{value:.3g}'):,.0f}"  # noqa: PLR2004
