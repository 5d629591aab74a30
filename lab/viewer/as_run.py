"""A page of runs for what reads no HTML: JUnit, and Markdown for the summary of a CI job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.record.claims import Claim
from sessionlab.lab.reports.as_junit import to_junit as run_to_junit
from sessionlab.lab.reports.as_summary import MARKS, text
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.viewer.view import Page, View

_MET = {True: "✅", False: "❌", None: "❔"}
_LISTED = 10  # single users that were lost


def to_junit(page: Page) -> str:
    """A suite a view; its cases are what the run claimed, or what the checks promise."""
    results = [_result(view) for view in page.views]
    seconds = sum(view.seconds for view in page.views)
    return run_to_junit(RunResult("", "", page.views[0].seed or 0, seconds, results))


def to_summary(page: Page) -> str:
    """Who was lost and why; then what each check, bound and prediction says."""
    lines = [f"### {text(page.sentence)}", ""]
    if len(page.views) > 1:
        lines += [*_table(page.views), ""]
    for view in page.views:
        lines += _whole(view) if len(page.views) == 1 else _short(view)
    return "\n".join(lines) + "\n"


def _result(view: View) -> ScenarioResult:
    claims = [Claim(one.text, one.expected, one.observed, one.holds) for one in view.claims]
    if not claims:
        judged = (one for one in view.findings if one.verdict in ("holds", "broken"))
        claims = [Claim(one.check, "holds", one.said, one.verdict == "holds") for one in judged]
    outcome = Outcome(view.outcome or ("broken" if _broken(claims) else "held"))
    return ScenarioResult(
        name=view.name,
        title=view.sentence,
        outcome=outcome,
        reason=view.sentence if outcome in (Outcome.ERROR, Outcome.SKIPPED) else None,
        seconds=view.seconds,
        started=view.started,
        claims=claims,
    )


def _broken(claims: list[Claim]) -> bool:
    return any(not claim.holds for claim in claims)


def _table(views: list[View]) -> Iterator[str]:
    """A row for each."""
    yield from ("| | | users | lost | what became of them |", "|---|---|--:|--:|---|")
    for view in views:
        mark = MARKS[Outcome(view.outcome)] if view.outcome else ""
        counts = f"{view.users.total} | {view.users.lost}"
        yield f"| {mark} | {text(view.name)} | {counts} | {text(view.sentence)} |"


def _short(view: View) -> Iterator[str]:
    """What there is to say besides the table."""
    said = [*view.losses.reasons, *(f"note: {note}" for note in [*view.notes, *view.cut])]
    said += [f"bound not met: {one.text}: {one.saw}" for one in view.bounds if not one.met]
    if said:
        yield from (f"**{text(view.name)}**", "", *(f"- {text(line)}" for line in said), "")


def _whole(view: View) -> Iterator[str]:
    counts = ", ".join(f"{count} {fate}" for fate, count in view.users.counts.items() if count)
    said = [view.title, number(view.users.total, "user"), counts, number(view.requests, "request")]
    said += [f"seed {view.seed}"] if view.seed is not None else []
    yield from (text("; ".join(filter(None, said))), "")
    yield from (f"- {text(reason)}" for reason in view.losses.reasons)
    yield from (f"- note: {text(note)}" for note in [*view.notes, *view.cut, *view.sampled])
    if view.losses.shown:
        yield from ("", *_lost(view))
    rows = [
        *((one.check, str(one.verdict), one.said) for one in view.findings),
        *((one.text, _MET[one.met], one.saw) for one in view.bounds),
        *((one.name, one.predicted, one.measured) for one in view.predictions),
    ]
    yield from ("", "| what | verdict | seen |", "|---|---|---|")
    yield from (f"| {' | '.join(map(text, row))} |" for row in rows)
    if view.again:
        yield from ("", f"Again: <code>{text(view.again)}</code>")


def _lost(view: View) -> Iterator[str]:
    """The first of them, as a table."""
    yield from ("| user | fate | at | node before | why |", "|---|---|--:|---|---|")
    for loss in view.losses.shown[:_LISTED]:
        cells = (loss.user, str(loss.fate), f"{loss.at:.1f} s", loss.home or "–", loss.why)
        yield f"| {' | '.join(map(text, cells))} |"
    if view.losses.total > _LISTED:
        yield f"| … and {view.losses.total - _LISTED} more | | | | |"
