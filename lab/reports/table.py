"""Several runs side by side, as a Markdown table: which claims were observed on which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.not_shown import not_shown
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Sequence


def to_table(runs: Sequence[RunResult]) -> str:
    """A row a scenario, a column a run (named by its balancer), and the reasons below.

    The runs are of the same scenarios in the same order.
    """
    reasons: dict[str, int] = {}
    lines = [
        "| scenario | " + " | ".join(run.balancer for run in runs) + " |",
        "|---" * (len(runs) + 1) + "|",
    ]
    for results in zip(*(run.scenarios for run in runs), strict=True):
        cells = " | ".join(_cell(result, reasons) for result in results)
        lines.append(f"| `{results[0].name}` | {cells} |")
    notes = [f"{number}. {reason}" for reason, number in reasons.items()]
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def _cell(result: ScenarioResult, reasons: dict[str, int]) -> str:
    """`5 of 5`, or why not, or what of it was left out, by the number of a note."""
    if result.outcome in (Outcome.HELD, Outcome.BROKEN):
        held = sum(claim.holds for claim in result.claims)
        said = f"{held} of {len(result.claims)}"
        if not (left_out := not_shown(result.events)):
            return said
        why = "; ".join(dict.fromkeys(one.reason for one in left_out))
        reason = f"{len(left_out)} settings left out: {why}"
    else:
        said, reason = result.outcome, (result.reason or "").splitlines()[0]
    return f"{said} ({reasons.setdefault(reason, len(reasons) + 1)})"
