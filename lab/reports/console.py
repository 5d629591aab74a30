"""The run as text for a person: 80 columns are enough, and no colour when piped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.claims import Claim

STYLES = {
    Outcome.HELD: "green",
    Outcome.BROKEN: "bold red",
    Outcome.ERROR: "bold red",
    Outcome.SKIPPED: "yellow",
}


class ConsoleReport:
    """Prints each scenario when it ends; meanwhile, on a terminal, says which are running."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: list[str] = []
        self._status: Status | None = console.status("starting") if console.is_terminal else None

    def begin(self, seed: int, fabric: str, balancer: str) -> None:
        """Say first what it takes to run the same again."""
        self._console.print(f"seed {seed}, fabric {fabric}, balancer {balancer}", style="dim")
        if self._status:
            self._status.start()

    def hear(self, event: Event) -> None:
        if event.kind == "scenario.started":
            self._running.append(event.scenario)
        elif event.kind == "scenario.finished":
            self._running.remove(event.scenario)
        elif event.kind == "scenario.crashed":
            self._console.print(str(event.data["traceback"]), markup=False, highlight=False)
        if self._status:
            self._status.update("running " + ", ".join(self._running))

    def told(self, result: ScenarioResult) -> None:
        """Print one scenario: its title, and each claim with what was expected and observed."""
        line = Text.assemble(
            (f"{result.outcome:<8}", STYLES[result.outcome]),
            (result.name, "bold"),
            (f"  {result.seconds:.1f} s, {len(result.history)} requests", "dim"),
        )
        self._console.print()
        self._console.print(line, soft_wrap=True)
        self._indented(Text(result.title, style="italic"), 2)
        for claim in result.claims:
            self._claim(claim)
        for table in result.tables:
            self._console.print()
            for row in table.lines():
                self._console.print(Text("  " + row), soft_wrap=True)
        for said in result.users.told(result.name):
            self._indented(Text("lost   " + said), 2, hanging=7)
        for note in result.notes:
            self._indented(Text.assemble(("note   ", "bold yellow"), note), 2, hanging=7)
        if result.reason:
            self._indented(Text(result.reason, style=STYLES[result.outcome]), 2)

    def end(self, run: RunResult) -> None:
        """Print the sum of it."""
        self.stop()
        counts = Counter(result.outcome for result in run.scenarios)
        claims = [claim for result in run.scenarios for claim in result.claims]
        held = sum(claim.holds for claim in claims)
        said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
        style = "bold red" if run.exit_status else "bold green"
        self._console.print()
        self._console.print(
            f"{len(run.scenarios)} scenarios: {said}; {held} of {len(claims)} claims hold; "
            f"{run.seconds:.1f} s",
            style=style,
            highlight=False,
        )
        if run.judged_nothing and run.all_skipped and not run.allow_skips:
            self._console.print("nothing was judged; --allow-skips takes skips for a success")

    def stop(self) -> None:
        """Take the line that says what is running off the screen."""
        if self._status:
            self._status.stop()

    def _claim(self, claim: Claim) -> None:
        mark = ("holds ", "green") if claim.holds else ("BROKEN", "bold red")
        self._indented(Text.assemble(mark, " ", claim.text), 2, hanging=7)
        if claim.expected == claim.observed:
            self._indented(Text(f"as expected: {claim.observed}", style="dim"), 9)
        else:
            self._indented(Text(f"expected: {claim.expected}", style="dim"), 9)
            style = "dim" if claim.holds else "bold"
            self._indented(Text(f"observed: {claim.observed}", style=style), 9)

    def _indented(self, text: Text, by: int, hanging: int = 0) -> None:
        width = max(20, self._console.width - by - hanging)
        for number, line in enumerate(text.wrap(self._console, width)):
            line.rstrip()
            space = " " * (by + (hanging if number else 0))
            self._console.print(Text(space).append_text(line), soft_wrap=True)
