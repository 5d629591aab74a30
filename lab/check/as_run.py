"""Checks as a run of scenarios, one a cell: for JUnit, and for the folder that `users` reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sessionlab.lab.check.results import Cell, CellOutcome, Check
from sessionlab.lab.record.claims import Claim
from sessionlab.lab.reports.as_junit import to_junit as run_to_junit
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENDS = {
    CellOutcome.SHOWN: Outcome.HELD,
    CellOutcome.NOT_APPLICABLE: Outcome.SKIPPED,
    CellOutcome.ERROR: Outcome.ERROR,
}


def as_run(checks: Sequence[Check], fabric: str, balancer: str) -> RunResult:
    """Every cell as a scenario, and for each check its control run and its bounds."""
    scenarios = [result for check in checks for result in _results(check)]
    seconds = sum(check.seconds for check in checks)
    return RunResult(fabric, balancer, checks[0].seed if checks else 0, seconds, scenarios)


def to_junit(checks: Sequence[Check]) -> str:
    """A suite a cell: an error where the lab had trouble, a failure where a bound is not met."""
    return run_to_junit(as_run(checks, "", ""))


def label(app: str, variant: str | None, *more: str) -> str:
    """What something of a variant is called in events, folders and reports: `shop-redis-cookie`."""
    return re.sub(r"[^\w.-]+", "-", "-".join(filter(None, (app, variant, *more))))


def _results(check: Check) -> Iterator[ScenarioResult]:
    def called(*more: str) -> str:
        return label(check.app, check.variant, *more)

    steps = [
        Claim(f"control: {step.step}", "passes", step.saw, step.passed)
        for step in check.control.steps
        if step.passed is not None
    ]
    failed = check.trouble or ("" if check.control.passed else "the control run failed")
    outcome, name = Outcome.ERROR if failed else Outcome.HELD, called("control")
    yield ScenarioResult(name, name, outcome, failed or None, claims=steps)
    yield from (_of_cell(called(cell.affinity, cell.ordeal), cell) for cell in check.cells)
    claims = [Claim(bound.bound, "met", bound.saw, bool(bound.met)) for bound in check.expect]
    if claims:
        held, name = all(claim.holds for claim in claims), called("expect")
        outcome = Outcome.HELD if held else Outcome.BROKEN
        yield ScenarioResult(name, name, outcome, claims=claims)


def _of_cell(name: str, cell: Cell) -> ScenarioResult:
    counts = cell.counts
    said = f"{counts.users} users were judged, {counts.lost} of them lost"
    claims = [Claim(said, "judged", "judged", holds=True)] if cell.shown else []
    return ScenarioResult(
        name=name,
        title=f"{cell.ordeal}, affinity {cell.affinity}",
        outcome=_ENDS[cell.outcome],
        reason=cell.why or None,
        seconds=cell.seconds,
        history=cell.history,
        claims=claims,
        events=cell.events,
    )
