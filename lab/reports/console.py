"""The run as text for a person: 80 columns are enough, and no colour when piped.

One scenario is told in full. Of many each has a line, in the order in which they were asked for,
and in full there are only those that did not go as predicted.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sessionlab.lab.reports.full_text import FullText, marked
from sessionlab.lab.reports.glyphs import glyphs_for
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.status import Status

    from sessionlab.lab.events import Event

MOST_NAME = 24  # columns
MEANING = "green, as predicted: the prediction came true, also when it was a bad one"
NEXT = {
    "run sticky-node-dies": "one scenario, request by request",
    "run --verbose": "everything in full",
    "up": "a cluster to play with",
}


class ConsoleReport:
    """Prints each scenario when it ends; meanwhile, on a terminal, says which are running.

    `command` is what the user types to run the lab.
    """

    def __init__(
        self, console: Console, *, verbose: bool = False, command: str = "sessionlab"
    ) -> None:
        self._console = console
        self._verbose = verbose
        self._command = command
        self._glyphs = glyphs_for(console.encoding, os.environ)
        self._full = FullText(console, self._glyphs, verbose)
        self._order: list[str] = []
        self._waiting: dict[str, ScenarioResult] = {}
        self._tracebacks: dict[str, str] = {}
        self._lines_only = False
        self._name = 0
        self._running: list[str] = []
        self._status: Status | None = console.status("starting") if console.is_terminal else None

    def begin(self, seed: int, fabric: str, balancer: str, scenarios: Sequence[str]) -> None:
        """Say first what it takes to run the same again, and what green means."""
        self._order = list(scenarios)
        self._lines_only = len(scenarios) > 1 and not self._verbose
        most = min(MOST_NAME, self._console.width // 2)
        self._name = min(most, max(map(cell_len, scenarios), default=0))
        again = Text(f"seed {seed}, fabric {fabric}, balancer {balancer}", style="dim")
        green = Text.assemble(marked(Outcome.HELD, self._glyphs), " ", (MEANING, "dim"))
        lines = [line for said in (again, green) for line in said.wrap(self._console, self._width)]
        self._print([*lines, Text()] if self._lines_only else lines)
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
        """Print the sum of it; of many, before it, all that did not go as predicted."""
        self.stop()
        if self._lines_only:
            self._print(self._exceptions(run.scenarios))
        counts = Counter(result.outcome for result in run.scenarios)
        claims = [claim for result in run.scenarios for claim in result.claims]
        held = sum(claim.holds for claim in claims)
        said = ", ".join(
            f"{counts[outcome]} {outcome.words}" for outcome in Outcome if counts[outcome]
        )
        number = len(run.scenarios)
        style = "bold red" if run.exit_status else "bold green"
        total = (
            f"{number} scenario{'s' if number != 1 else ''}: {said}; "
            f"{held} of {len(claims)} predictions came true; {run.seconds:.1f} s"
        )
        self._print([Text(), *Text(total, style=style).wrap(self._console, self._width)])
        if run.judged_nothing and run.all_skipped and not run.allow_skips:
            nothing = Text("nothing was judged; --allow-skips takes skips for a success")
            self._print(nothing.wrap(self._console, self._width))
        if self._lines_only:
            self._print(self._next())

    def stop(self) -> None:
        """Take the line that says what is running off the screen, and print what has waited."""
        if self._status:
            self._status.stop()
        for name in [name for name in self._order if name in self._waiting]:
            self._one(self._waiting.pop(name))

    @property
    def _width(self) -> int:
        return max(20, self._console.width)

    def _one(self, result: ScenarioResult) -> None:
        self._print([self._line(result)] if self._lines_only else self._in_full(result))

    def _in_full(self, result: ScenarioResult) -> Iterator[Text]:
        yield Text()
        for line in self._tracebacks.get(result.name, "").splitlines():
            yield Text(self._glyphs.clean(line))
        yield from self._full.of(result)

    def _line(self, result: ScenarioResult) -> Text:
        """The outcome, the name, and in short what it means."""
        clean = self._glyphs.clean
        reason = clean((result.reason or "").partition("\n")[0])
        broken = [claim.text for claim in result.claims if not claim.holds]
        means = {
            Outcome.HELD: result.title,
            Outcome.BROKEN: f"{Outcome.BROKEN.words}: {'; '.join(broken)}",
        }.get(result.outcome, f"{result.outcome}: {reason}")
        name = set_cell_size(clean(result.name), self._name)
        line = Text.assemble(
            marked(result.outcome, self._glyphs), " ", (name, "bold"), "  ", clean(means)
        )
        if line.cell_len > self._width:
            more = self._glyphs.more
            line.truncate(self._width - len(more))
            line.rstrip()
            line.append(more)
        return line

    def _exceptions(self, results: Iterable[ScenarioResult]) -> Iterator[Text]:
        for result in results:
            if result.outcome in (Outcome.BROKEN, Outcome.ERROR):
                yield from self._in_full(result)
            else:
                for note in result.notes:
                    said = Text.assemble(
                        ("note ", "bold yellow"), self._glyphs.clean(f"{result.name}: {note}")
                    )
                    yield from said.wrap(self._console, self._width)

    def _next(self) -> Iterator[Text]:
        column = max(len(f"{self._command} {what}") for what in NEXT) + 2
        for what, means in NEXT.items():
            line = Text.assemble((f"{self._command} {what}".ljust(column), "bold"), (means, "dim"))
            yield from line.wrap(self._console, self._width)

    def _print(self, lines: Iterable[Text]) -> None:
        """All at once: whoever reads the first line gets the others, too."""
        block = list(lines)
        for line in block:
            line.rstrip()
        if block:
            self._console.print(Text("\n").join(block), soft_wrap=True, highlight=False)
