"""Latency and throughput of two runs, with their intervals over users."""

from __future__ import annotations

from math import hypot, inf, sqrt
from typing import TYPE_CHECKING

from sessionlab.lab.viewer.comparing.asked import workload
from sessionlab.lab.viewer.comparing.both import Both, Figure, Run
from sessionlab.lab.viewer.comparing.figures import FEWEST
from sessionlab.lab.viewer.comparing.latency import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.viewer.comparing.comparison import Measure

_PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def latency(both: Both) -> Iterator[Measure]:
    """Percentiles of all requests and of each conversation that either has."""
    for number, kind in enumerate(KINDS):
        (of_a, groups_a), (of_b, groups_b) = (
            one.latencies.errors(number, tuple(_PERCENTILES.values())) for one in both.runs
        )
        if kind and not groups_a and not groups_b:
            continue
        for percentile, *errors in zip(_PERCENTILES, of_a, of_b, strict=True):
            figure = Figure("latency", f"{kind} {percentile}".strip(), "ms", True)
            name = f"{kind}_{percentile}_ms".lstrip("_")
            a, b = (one.judged.figure("latency", name) for one in both.runs)
            if a is None or b is None:
                yield figure.lacking(a, b)
            elif both.apps_differ or min(groups_a, groups_b) < FEWEST:
                why = "different apps" if both.apps_differ else "too few users or seconds"
                yield figure.unknown(why, a, b)
            else:
                yield figure.scaled(a, b, hypot(*errors), min(groups_a, groups_b))


def throughput(both: Both) -> Iterator[Measure]:
    """Requests a second; only of experiments, whose users ask as much as they are asked to."""
    if not any("generator" in one.case.run for one in both.runs):
        return
    figure = Figure("throughput", "throughput", "requests/s", False)
    a, b = (_rate(one) for one in both.runs)
    groups = min(len(of) for one in both.runs for of in one.latencies.requests)
    if a is None or b is None:
        yield figure.lacking(a, b)
    elif both.apps_differ or workload(both.a.case) != workload(both.b.case):
        why = "different apps" if both.apps_differ else "another workload was asked for"
        yield figure.unknown(why, a, b)
    elif groups < FEWEST:
        yield figure.unknown("too few users or seconds", a, b)
    else:
        yield figure.scaled(a, b, hypot(*map(_scatter, both.runs)), groups)


def _rate(run: Run) -> float | None:
    seconds, requests = run.case.about.ended - run.case.about.began, run.latencies.requests[0]
    return float(requests.sum()) / seconds if 0 < seconds < inf and requests.sum() else None


def _scatter(run: Run) -> float:
    """The standard error of how many requests there were, as a share: by users and by seconds."""
    return hypot(
        *(sqrt(len(of) * float(of.var(ddof=1))) / float(of.sum()) for of in run.latencies.requests)
    )
