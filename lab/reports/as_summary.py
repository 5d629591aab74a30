"""The run as Markdown: for the summary of a CI job, and whoever looks at it for ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.results import Outcome, RunResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.record.claims import Claim

MARKS = {
    Outcome.HELD: "✅ held",
    Outcome.BROKEN: "❌ broken",
    Outcome.ERROR: "💥 error",
    Outcome.SKIPPED: "⏭️ skipped",
}


def to_summary(run: RunResult) -> str:
    """A table with a row a scenario; below it every claim that is broken, every note and reason."""
    return "\n".join([*_table(run), *_details(run)]) + "\n"


def _table(run: RunResult) -> Iterator[str]:
    yield "### Will my users stay logged in?"
    yield ""
    yield f"Seed {run.seed}, fabric `{run.fabric}`, balancer `{run.balancer}`, {run.seconds:.1f} s."
    if run.cut_short:
        yield f"**The run was cut short: {_text(run.cut_short)}**"
    yield ""
    yield "| | scenario | claims | what it shows |"
    yield "|---|---|---|---|"
    for result in run.scenarios:
        held = sum(claim.holds for claim in result.claims)
        claims = f"{held} of {len(result.claims)}" if result.claims else "–"
        cells = (MARKS[result.outcome], _code(result.name), claims, _text(result.title))
        yield f"| {' | '.join(cells)} |"


def _details(run: RunResult) -> Iterator[str]:
    for result in run.scenarios:
        lines = [*map(_broken, (claim for claim in result.claims if not claim.holds))]
        lines += [f"- note: {_text(note)}" for note in result.notes]
        if result.reason:
            lines.append(f"- {_text(result.reason)}")
        if lines:
            yield from ("", f"**{_text(result.name)}**", "", *lines)


def _broken(claim: Claim) -> str:
    return (
        f"- {_text(claim.text)}: expected {_code(claim.expected)}, observed {_code(claim.observed)}"
    )


def _text(text: str) -> str:
    """Words that stay words: nothing in them is Markdown, HTML, or the end of a cell."""
    one_line = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    escaped = one_line.replace("&", "&amp;").replace("<", "&lt;")
    for special in "\\`*_[]|~#":
        escaped = escaped.replace(special, f"\\{special}")
    return escaped


def _code(text: str) -> str:
    """The same words in a fixed width; a code span would take escapes for what they are not."""
    return f"<code>{_text(text)}</code>"
