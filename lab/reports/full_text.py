"""One scenario in full, as lines for a person: its requests, its claims, its tables, its users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from sessionlab.lab.reports.strip_lines import LINES, ROWS, Layout
from sessionlab.lab.reports.strips import strips
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.not_shown import not_shown
from sessionlab.lab.verdicts.results import Outcome, ScenarioResult
from sessionlab.lab.verdicts.story_time import in_story_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from sessionlab.lab.record.claims import Claim
    from sessionlab.lab.reports.glyphs import Glyphs

STYLES = {
    Outcome.HELD: "green",
    Outcome.BROKEN: "bold red",
    Outcome.ERROR: "bold red",
    Outcome.SKIPPED: "yellow",
}
MARKS = {Outcome.HELD: "✓", Outcome.BROKEN: "✗", Outcome.ERROR: "!", Outcome.SKIPPED: "–"}
LABEL = 7  # columns of `users` and `note`


def marked(outcome: Outcome, glyphs: Glyphs) -> Text:
    """The mark of an outcome, in its colour."""
    return Text(glyphs.clean(MARKS[outcome]), style=STYLES[outcome])


@dataclass(frozen=True, slots=True)
class FullText:
    """Lines that fit the console. With `everything` no client, no request and no cause is folded.

    Else what a table says in its column `why` is not said again below it.
    """

    console: Console
    glyphs: Glyphs
    everything: bool = False

    def of(self, result: ScenarioResult) -> Iterator[Text]:
        yield Text.assemble(
            marked(result.outcome, self.glyphs),
            " ",
            (result.outcome.words, STYLES[result.outcome]),
            ("  " + self.glyphs.clean(result.name), "bold"),
            (f"  {result.seconds:.1f} s, {number(len(result.history), 'request')}", "dim"),
        )
        yield from self._indented(self._text(result.title, "italic"), 2)
        yield from self._strips(result)
        for claim in result.claims:
            yield from self._claim(claim)
        for table in result.tables:
            yield Text()
            for row in table.lines(max(20, self.console.width - 2)):
                yield Text("  " + self.glyphs.clean(row))
        if self.everything or not any(table.says_why for table in result.tables):
            for said in result.users.told():
                yield from self._labelled("users", said)
        in_tables = set() if self.everything else _said_in_tables(result)
        for note in result.notes:
            if note not in in_tables:
                yield from self._labelled("note", note)
        if result.reason:
            yield from self._indented(self._text(result.reason, STYLES[result.outcome]), 2)

    def _strips(self, result: ScenarioResult) -> Iterator[Text]:
        if not len(result.history):
            return
        limits = (None, None) if self.everything else (ROWS, LINES)
        layout = Layout(max(20, self.console.width - 2), self.glyphs, *limits)
        found = strips(*in_story_time(result.history, result.events))
        yield Text()
        for line in layout.draw(found, result.users.settings):
            yield Text("  ").append_text(line)
        yield Text()

    def _claim(self, claim: Claim) -> Iterator[Text]:
        outcome = Outcome.HELD if claim.holds else Outcome.BROKEN
        mark = marked(outcome, self.glyphs)
        text = claim.text if claim.holds else f"{outcome.words}: {claim.text}"
        style = "" if claim.holds else "bold"
        line = Text.assemble(mark, " ", self._text(text, style))
        yield from self._indented(line, 2, hanging=1 + len(mark))
        said = {f"predicted: {claim.expected}": "", f"observed: {claim.observed}": style}
        if claim.holds and claim.expected == claim.observed:
            said = {f"as predicted: {claim.observed}": ""}
        for text, style in said.items():
            yield from self._indented(self._text(text, style or "dim"), 3 + len(mark))

    def _labelled(self, label: str, said: str) -> Iterator[Text]:
        text = Text.assemble((f"{label:<{LABEL}}", "bold yellow"), self._text(said))
        return self._indented(text, 2, hanging=LABEL)

    def _text(self, said: str, style: str = "") -> Text:
        return Text(self.glyphs.clean(said.expandtabs(), keep="\n"), style=style)

    def _indented(self, text: Text, by: int, hanging: int = 0) -> Iterator[Text]:
        indent = " " * by
        for line in text.wrap(self.console, max(20, self.console.width - by - hanging)):
            line.rstrip()
            yield Text(indent).append_text(line)
            indent = " " * (by + hanging)


def _said_in_tables(result: ScenarioResult) -> set[str]:
    """The notes of settings that were not shown, where a table says so, and why."""
    rows = {(row[0], row[-1]) for table in result.tables if table.says_why for row in table.rows}
    return {str(one) for one in not_shown(result.events) if one in rows}
