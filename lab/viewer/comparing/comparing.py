"""Compares two stored runs: users' verdicts, each check's figures, latency, throughput."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.reports.cases import cases
from sessionlab.lab.viewer.clusters import apart
from sessionlab.lab.viewer.comparing.asked import app, asked
from sessionlab.lab.viewer.comparing.both import Both, Run
from sessionlab.lab.viewer.comparing.checking import others, shares, users
from sessionlab.lab.viewer.comparing.comparison import Change, Comparison, Measure
from sessionlab.lab.viewer.comparing.figures import Judged
from sessionlab.lab.viewer.comparing.latency import Latencies
from sessionlab.lab.viewer.comparing.speed import latency, throughput

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.reports.cases import Case


def compared(a: Path, b: Path, processes: int = 2) -> list[Comparison]:
    """What changed from A to B in each story of both, by its name; one that only one has is said.

    Raises UsageError when a folder has no run that can be read.
    """
    of_a, of_b = (
        {name: case for whole in cases(path) for case, name in apart(whole)} for path in (a, b)
    )
    if len(of_a) == len(of_b) == 1:  # whatever they are called
        (one, case), (other, beside) = *of_a.items(), *of_b.items()
        name = one if one == other else f"{one} → {other}"
        return [of_cases(name, case, beside, processes)]
    return [
        of_cases(name, of_a[name], of_b[name], processes)
        if name in of_a and name in of_b
        else _nothing(name, f"only in {'A' if name in of_a else 'B'}")
        for name in dict.fromkeys([*of_a, *of_b])
    ]


def _nothing(name: str, why: str) -> Comparison:
    nothing = Measure("", "all", "", None, None, None, None, Change.UNKNOWN, why)
    return Comparison(name, measures=[nothing])


def of_cases(name: str, a: Case, b: Case, processes: int = 1) -> Comparison:
    """One story of both; the lab's own trouble in either is no change for anybody."""
    for side, case in (("A", a), ("B", b)):
        if trouble := case.run.get("trouble"):
            return _nothing(name, f"{side}: the lab's own trouble: {trouble.splitlines()[0]}")
    both = Both(*[Run(one, Judged(one, processes), Latencies(one)) for one in (a, b)])
    of = (users, shares, others, latency, throughput)
    notes = [f"{side}: {cut}" for side, case in (("A", a), ("B", b)) for cut in case.cut]
    if both.apps_differ:
        apps = ", ".join(app(case) or "our demo app" for case in (a, b))
        notes.insert(0, f"different apps: {apps}; only what became of users can be compared")
    return Comparison(name, asked(a, b), [one for each in of for one in each(both)], notes)
