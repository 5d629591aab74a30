"""Both runs, as far as it takes to compare them, and what makes a measure of two figures."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

from sessionlab.lab.record.intervals import student
from sessionlab.lab.viewer.comparing.asked import app
from sessionlab.lab.viewer.comparing.comparison import LEVEL, MARGIN, Change, Measure

if TYPE_CHECKING:
    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.viewer.comparing.figures import Judged
    from sessionlab.lab.viewer.comparing.latency import Latencies


@dataclass(frozen=True)
class Run:
    """One of the two."""

    case: Case
    judged: Judged
    latencies: Latencies


@dataclass(frozen=True)
class Both:
    """The two runs."""

    a: Run
    b: Run

    @property
    def runs(self) -> tuple[Run, Run]:
        return self.a, self.b

    @property
    def apps_differ(self) -> bool:
        return app(self.a.case) != app(self.b.case)


@dataclass(frozen=True)
class Figure:
    """What is compared; `more_is_worse` is None where neither is good nor bad.

    A difference below `margin` is none.
    """

    of: str
    what: str
    unit: str
    more_is_worse: bool | None
    margin: float = 0.0

    def changed(self, a: float, b: float, low: float, high: float) -> Measure:
        """From `a` to `b`, and the interval of the difference."""
        change = Change.SAME
        if low > self.margin or high < -self.margin:
            change = Change.WORSE if (b > a) == self.more_is_worse else Change.BETTER
            change = Change.DIFFERENT if self.more_is_worse is None else change
        return Measure(self.of, self.what, self.unit, a, b, low, high, change)

    def scaled(self, a: float, b: float, error: float, groups: int) -> Measure:
        """As `changed`, of figures whose logarithms differ with this standard error."""
        reach = student(LEVEL, groups - 1) * error
        low, high = (a * (exp(log(b / a) + step) - 1) for step in (-reach, reach))
        beyond = Figure(self.of, self.what, self.unit, self.more_is_worse, MARGIN * a)
        return beyond.changed(a, b, low, high)

    def unknown(self, why: str, a: float | None = None, b: float | None = None) -> Measure:
        """Not comparable."""
        return Measure(self.of, self.what, self.unit, a, b, None, None, Change.UNKNOWN, why)

    def lacking(self, a: object, b: object) -> Measure:
        """Not comparable, as one of them is not known."""
        sides = " and ".join(side for side, value in (("A", a), ("B", b)) if value is None)
        return self.unknown(f"not known in {sides}")
