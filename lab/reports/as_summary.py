"""The run as Markdown: for the summary of a CI job, and whoever looks at it for ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.headline import headline
from sessionlab.lab.verdicts.results import Outcome, RunResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.record.claims import Claim
    from sessionlab.lab.record.tables import Table

MARKS = {
    Outcome.HELD: "✅",
    Outcome.BROKEN: "❌",
    Outcome.ERROR: "💥",
    Outcome.SKIPPED: "⏭️",
}


def to_summary(run: RunResult) -> str:
    """What came of it, a row a scenario, and below what it says of users, claims and settings."""
    return "\n".join([*_table(run), *_details(run)]) + "\n"


def _table(run: RunResult) -> Iterator[str]:
    yield f"### {text(headline(run))}"
    yield ""
    yield "Will my users stay logged in? As predicted: the prediction came true, good or bad."
    yield f"Seed {run.seed}, fabric `{run.fabric}`, balancer `{run.balancer}`, {run.seconds:.1f} s."
    if run.cut_short:
        yield f"**The run was cut short: {text(run.cut_short)}**"
    yield ""
    yield "| | scenario | predictions that came true | what it shows |"
    yield "|---|---|---|---|"
    for result in run.scenarios:
        held = sum(claim.holds for claim in result.claims)
        claims = f"{held} of {len(result.claims)}" if result.claims else "–"
        mark = f"{MARKS[result.outcome]} {result.outcome.words}"
        yield f"| {' | '.join((mark, _code(result.name), claims, text(result.title)))} |"


def _details(run: RunResult) -> Iterator[str]:
    for result in run.scenarios:
        lines = [*map(_broken, (claim for claim in result.claims if not claim.holds))]
        lines += [f"- users: {text(said)}" for said in result.users.told()]
        lines += [f"- note: {text(note)}" for note in result.notes]
        if result.reason:
            lines.append(f"- {text(result.reason)}")
        tables = [line for table in result.tables for line in _rows(table)]
        if lines or tables:
            yield from ("", f"**{text(result.name)}**", *tables, "", *lines)


def _rows(table: Table) -> Iterator[str]:
    numbers = len(table.columns) - 1 - table.says_why
    rule = [":--", *["--:"] * numbers, *[":--"] * table.says_why]
    yield ""
    for row in (table.columns, rule, *table.rows):
        cells = row if row is rule else [text(cell) for cell in row]
        yield f"| {' | '.join(cells)} |"


def _broken(claim: Claim) -> str:
    seen = f"predicted {_code(claim.expected)}, observed {_code(claim.observed)}"
    return f"- not as predicted: {text(claim.text)}: {seen}"


def text(said: str) -> str:
    """Words that stay words: nothing in them is Markdown, HTML, or the end of a cell."""
    one_line = " ".join("".join(c for c in said if c.isprintable() or c.isspace()).split())
    escaped = one_line.replace("&", "&amp;").replace("<", "&lt;")
    for special in "\\`*_[]|~#":
        escaped = escaped.replace(special, f"\\{special}")
    return escaped


def _code(words: str) -> str:
    """The same words in a fixed width; a code span would take escapes for what they are not."""
    return f"<code>{text(words)}</code>"
