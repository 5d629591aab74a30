"""What an experiment came to, as Markdown for the summary of a CI job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.experiment.as_run import claims, notes
from sessionlab.lab.reports.as_summary import MARKS, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.experiment.results import Report, Result


def to_summary(report: Report) -> str:
    """First who was lost, and why; then a row a promise, bound and prediction."""
    lines = [line for result in report.results for line in _result(result)]
    if report.cut_short:
        lines.append(f"**The run was cut short: {text(report.cut_short)}**")
    return "\n".join(lines) + "\n"


def _result(result: Result) -> Iterator[str]:
    yield f"### {MARKS[result.outcome]} {text(f'{result.name}: {result.sentence}')}"
    yield ""
    yield f"{text(result.title)}; seed {result.seed}, {result.seconds:.1f} s."
    yield ""
    yield "| | what | expected | seen |"
    yield "|---|---|---|---|"
    for claim in claims(result):
        cells = (claim.text, claim.expected, claim.observed)
        yield f"| {'✅' if claim.holds else '❌'} | {' | '.join(map(text, cells))} |"
    yield ""
    yield from (f"- note: {text(note)}" for note in notes(result))
