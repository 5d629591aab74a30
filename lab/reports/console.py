"""The run as text for a person: 80 columns are enough, and no colour when piped.

One scenario is told in full. Of many each has a line, in the order in which they were asked for,
and in full there are only those that did not go as predicted.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sessionlab.lab.reports.full_text import FullText, marked
from sessionlab.lab.reports.glyphs import glyphs_for
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.status import Status

    from sessionlab.lab.events import Event

MOST_NAME = 24  # columns
MEANING = "green, as predicted: the prediction came true, also when it was a bad one"


@dataclass
class ConsoleReport:
    """Prints each scenario when it ends; meanwhile, on a terminal, says which are running.

    `command` is what the user types to run the lab, `again` what follows it to run the same.
    """

    console: Console
    verbose: bool = False
    command: str = "sessionlab"
    again: str = "run"

    def __post_init__(self) -> None:
        self._glyphs = glyphs_for(self.console.encoding, os.environ)
        self._full = FullText(self.console, self._glyphs, self.verbose)
        self._order: list[str] = []
        self._waiting: dict[str, ScenarioResult] = {}
        self._tracebacks: dict[str, str] = {}
        self._folded = False
        self._name = 0
        self._running: list[str] = []
        terminal = self.console.is_terminal
        self._status: Status | None = self.console.status("starting") if terminal else None

    def begin(self, seed: int, fabric: str, balancer: str, scenarios: Sequence[str]) -> None:
        """Say first what it takes to run the same again, and what green means."""
        self._order = list(scenarios)
        self._folded = len(scenarios) > 1 and not self.verbose
        widest = max(map(cell_len, scenarios), default=0)
        self._name = min(MOST_NAME, self.console.width // 2, widest)
        again = Text(f"seed {seed}, fabric {fabric}, balancer {balancer}", "dim")
        green = Text.assemble(marked(Outcome.HELD, self._glyphs), " ", (MEANING, "dim"))
        self._print([again, green, *[Text()] * self._folded])
        if self._status:
            self._status.start()

    def hear(self, event: Event) -> None:
        if event.kind == "scenario.started":
            self._running.append(event.scenario)
        elif event.kind == "scenario.finished":
            self._running.remove(event.scenario)
        elif event.kind == "scenario.crashed":
            self._tracebacks[event.scenario] = str(event.data["traceback"])
        if self._status:
            line = Text("running " + ", ".join(self._running), no_wrap=True, overflow="ellipsis")
            self._status.update(line)

    def told(self, result: ScenarioResult) -> None:
        """Print it once all before it are printed, and those that have waited for it."""
        self._waiting[result.name] = result
        while self._order and self._order[0] in self._waiting:
            self._one(self._waiting.pop(self._order.pop(0)))

    def end(self, run: RunResult) -> None:
        """Print the sum of it; of many, before it, all that did not go as predicted.

        What was not told is, as nothing more comes: a run that was cut short has such results.
        """
        untold = {one.name: one for one in run.scenarios if one.name in self._order}
        self._waiting = untold | self._waiting
        self.stop()
        if self._folded:
            for result in run.scenarios:
                self._unfold(result)
        counts = Counter(result.outcome for result in run.scenarios)
        said = ", ".join(f"{counts[one]} {one.words}" for one in Outcome if counts[one])
        claims = [claim.holds for result in run.scenarios for claim in result.claims]
        total = (
            f"{number(len(run.scenarios), 'scenario')}: {said}; "
            f"{sum(claims)} of {len(claims)} predictions came true; {run.seconds:.1f} s"
        )
        self._print([Text(), Text(total, "bold red" if run.exit_status else "bold green")])
        if run.judged_nothing and run.all_skipped and not run.allow_skips:
            self._print([Text("nothing was judged; --allow-skips takes skips for a success")])
        if run.without_balancer:
            self._print([Text(run.without_balancer)])
        if self._folded:
            self._say_next()

    def _say_next(self) -> None:
        """A line each; for what is too long for one, to run the same again, the idea of it."""
        one, means_one = "run sticky-node-dies", "one scenario, request by request"
        room = self._width - cell_len(f"{self.command}   {means_one}")
        again = f"{self.again} --verbose"
        again = again if cell_len(again) <= room else "run … --verbose"
        steps = {one: means_one, again: "the same in full", "up": "a cluster to play with"}
        typed = {f"{self.command} {what}": means for what, means in steps.items()}
        column = max(map(cell_len, typed)) + 2
        for what, means in typed.items():
            said = set_cell_size(self._glyphs.clean(what), column)
            self._print([Text.assemble((said, "bold"), (means, "dim"))])

    def stop(self) -> None:
        """Take the line that says what is running off the screen, and print what has waited."""
        if self._status:
            self._status.stop()
        for name in [name for name in self._order if name in self._waiting]:
            self._one(self._waiting.pop(name))

    @property
    def _width(self) -> int:
        return max(20, self.console.width)

    def _one(self, result: ScenarioResult) -> None:
        if self._folded:
            self._print([self._line(result)])
        else:
            self._in_full(result)

    def _unfold(self, result: ScenarioResult) -> None:
        """What a line can't hold: what did not go as predicted, and the notes of the rest."""
        if result.outcome in (Outcome.BROKEN, Outcome.ERROR):
            if result.seconds:  # else it was never begun, and its line has said so
                self._in_full(result)
            return
        for note in result.notes:
            said = self._glyphs.clean(f"{result.name}: {note}")
            self._print([Text.assemble(("note ", "bold yellow"), said)])

    def _in_full(self, result: ScenarioResult) -> None:
        traceback = self._tracebacks.get(result.name, "").splitlines()
        told = [Text(self._glyphs.clean(line)) for line in traceback]
        self._print([Text(), *told, *self._full.of(result)], wrap=False)

    def _line(self, result: ScenarioResult) -> Text:
        """The outcome, the name, and in short what it means."""
        clean = self._glyphs.clean
        if result.outcome is Outcome.HELD:
            means = result.title
        elif result.outcome is Outcome.BROKEN:
            broken = "; ".join(claim.text for claim in result.claims if not claim.holds)
            means = f"{result.outcome.words}: {broken}"
        else:
            reason, _, _ = (result.reason or "").partition("\n")
            means = f"{result.outcome}: {reason}"
        name = (set_cell_size(clean(result.name), self._name), "bold")
        mark = marked(result.outcome, self._glyphs)
        line = Text.assemble(mark, " ", name, "  ")
        return line.append(self._glyphs.fit(means, self._width - line.cell_len))

    def _print(self, lines: Sequence[Text], *, wrap: bool = True) -> None:
        """All at once: whoever reads the first line gets the others, too."""
        block = list(lines)
        if wrap:
            block = [part for line in lines for part in line.wrap(self.console, self._width)]
        for line in block:
            line.rstrip()
        self.console.print(Text("\n").join(block), soft_wrap=True, highlight=False)
