"""One scenario in full, as lines for a person: its requests, its claims, its tables, its users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from sessionlab.lab.reports.strip_lines import LINES, ROWS, Layout
from sessionlab.lab.reports.strips import strips
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
LABEL = 7  # columns of `users` and `note`


def marked(outcome: Outcome, glyphs: Glyphs) -> Text:
    """The mark of an outcome, in its colour."""
    mark = {Outcome.HELD: glyphs.yes, Outcome.BROKEN: glyphs.no, Outcome.SKIPPED: glyphs.none}
    return Text(mark.get(outcome, "!"), style=STYLES[outcome])


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
            (f"  {result.seconds:.1f} s, {_requests(len(result.history))}", "dim"),
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
        for note in result.notes:
            yield from self._labelled("note", note)
        if result.reason:
            yield from self._indented(self._text(result.reason, STYLES[result.outcome]), 2)

    def _strips(self, result: ScenarioResult) -> Iterator[Text]:
        if not len(result.history):
            return
        width = max(20, self.console.width - 2)
        limits = (None, None) if self.everything else (ROWS, LINES)
        found = strips(*in_story_time(result.history, result.events))
        yield Text()
        for line in Layout(width, self.glyphs, *limits).draw(found, result.users.settings):
            yield Text("  ").append_text(line)
        yield Text()

    def _claim(self, claim: Claim) -> Iterator[Text]:
        outcome = Outcome.HELD if claim.holds else Outcome.BROKEN
        mark = marked(outcome, self.glyphs)
        text = claim.text if claim.holds else f"{outcome.words}: {claim.text}"
        by = 3 + len(mark)
        line = Text.assemble(mark, " ", self._text(text, "" if claim.holds else "bold"))
        yield from self._indented(line, 2, hanging=by - 2)
        if claim.expected == claim.observed:
            yield from self._indented(self._text(f"as predicted: {claim.observed}", "dim"), by)
        else:
            yield from self._indented(self._text(f"predicted: {claim.expected}", "dim"), by)
            style = "dim" if claim.holds else "bold"
            yield from self._indented(self._text(f"observed: {claim.observed}", style), by)

    def _labelled(self, label: str, said: str) -> Iterator[Text]:
        text = Text.assemble((f"{label:<{LABEL}}", "bold yellow"), self._text(said))
        return self._indented(text, 2, hanging=LABEL)

    def _text(self, said: str, style: str = "") -> Text:
        return Text(self.glyphs.clean(said.expandtabs(), keep="\n"), style=style)

    def _indented(self, text: Text, by: int, hanging: int = 0) -> Iterator[Text]:
        width = max(20, self.console.width - by - hanging)
        for number, line in enumerate(text.wrap(self.console, width)):
            line.rstrip()
            yield Text(" " * (by + (hanging if number else 0))).append_text(line)


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
