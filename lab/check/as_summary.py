"""Checks as Markdown, for the summary of a CI job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.check.advice import WHERE
from sessionlab.lab.check.results import Cell, Check, CheckOutcome
from sessionlab.lab.reports.as_summary import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARKS = {CheckOutcome.HELD: "✅", CheckOutcome.BROKEN: "❌", CheckOutcome.ERROR: "💥"}


def to_summary(checks: Sequence[Check]) -> str:
    """For each check a table ordeal × affinity, and what it means."""
    return "\n".join(line for check in checks for line in _check(check)) + "\n"


def _check(check: Check) -> Iterator[str]:
    yield f"### {MARKS[check.outcome]} {text(check.label)}: will its users stay logged in?"
    yield ""
    for step in check.control.steps:
        if step.passed is False:
            yield f"- control run, {text(step.step)}: {text(step.saw)}"
    if check.trouble:
        yield f"- {text(check.trouble)}"
    if check.cells:
        yield f"| ordeal | {' | '.join(map(text, check.affinities))} |"
        yield "|---" * (len(check.affinities) + 1) + "|"
        cells = {(cell.affinity, cell.ordeal): cell for cell in check.cells}
        for ordeal in check.ordeals:
            said = [_cell(cells.get((affinity, ordeal))) for affinity in check.affinities]
            yield f"| {ordeal} | {' | '.join(said)} |"
        yield ""
        yield f"{WHERE[check.diagnosis.sessions_live_in]}."
        yield from (f"- {text(advice)}" for advice in check.diagnosis.advice)
    yield from (f"- Note: {text(note)}" for note in check.notes)
    for bound in check.expect:
        met = {True: "✅", False: "❌", None: "❔"}[bound.met]
        yield f"- {met} {text(bound.bound)} ({text(bound.saw)})"
    yield ""


def _cell(cell: Cell | None) -> str:
    if cell is None or not cell.shown:
        return str(cell.outcome) if cell else "–"
    return text(", ".join(said for _, said in cell.counts.parts()))
