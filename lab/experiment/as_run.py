"""An experiment as a run of scenarios, one a cell: findings, bounds, predictions are claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.record.claims import Claim
from sessionlab.lab.reports.as_junit import to_junit as run_to_junit
from sessionlab.lab.verdicts.results import RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.experiment.results import Report, Result


def to_junit(report: Report) -> str:
    """A suite a cell, a case for each promise, bound and prediction."""
    results = [_scenario(result) for result in report.results]
    seconds = sum(result.seconds for result in report.results)
    cut_short = report.cut_short or None
    run = RunResult("", "", report.seed, seconds, results, cut_short=cut_short)
    return run_to_junit(run)


def claims(result: Result) -> Iterator[Claim]:
    """What is true or not; a promise that a bound allows to be broken is judged by that bound."""
    for finding in result.findings:
        if finding.verdict in (Verdict.HOLDS, Verdict.BROKEN):
            holds = finding.verdict is Verdict.HOLDS or result.allowed(finding)
            yield Claim(finding.check, "holds", finding.said, holds)
    for bound in result.bounds:
        if bound.met is not None:
            yield Claim(bound.text, "met", bound.saw, bound.met)
    for one in result.predictions:
        if one.agrees is not None:
            yield Claim(one.name, one.predicted, one.seen, one.agrees)


def notes(result: Result) -> Iterator[str]:
    """What qualifies it."""
    if result.load and result.load.warning:
        yield result.load.warning
    yield from result.remarks
    yield from result.cut
    yield from (f"not carried out to its end: {one}" for one in result.faults)


def _scenario(result: Result) -> ScenarioResult:
    unknown = [f"{bound.text}: {bound.saw}" for bound in result.bounds if bound.met is None]
    return ScenarioResult(
        name=result.name,
        title=result.sentence,
        outcome=result.outcome,
        reason=result.trouble or "; ".join(unknown) or None,
        seconds=result.seconds,
        claims=list(claims(result)),
        exit_status=result.exit_status,
        started=result.started,
    )
