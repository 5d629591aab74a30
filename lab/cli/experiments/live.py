"""What an experiment is at while it runs: one line on a terminal, a few lines elsewhere."""

from __future__ import annotations

from rich.status import Status
from rich.text import Text

from sessionlab.lab.cli.screen import Screen
from sessionlab.lab.events import Event
from sessionlab.lab.experiment.as_text import line_of
from sessionlab.lab.experiment.reading import Plan, Read
from sessionlab.lab.experiment.results import Result
from sessionlab.lab.reports.glyphs import Glyphs
from sessionlab.lab.workload.load import Live

LINES = 10  # of a workload, where they are not written over each other
_LIVING = {
    "cluster.starting": "starting the cluster",
    "cluster.closed": "judging",
}


class Progress:
    """Prints it; of a matrix a line for each cell that has ended, too."""

    def __init__(self, screen: Screen, glyphs: Glyphs, read: Read) -> None:
        self._screen = screen
        self._glyphs = glyphs
        self._read = read
        self._faults: dict[str, list[str]] = {}
        self._began: dict[str, float] = {}
        self._printed: dict[str, float] = {}
        self._done = 0
        self._status: Status | None = screen.status("") if screen.is_terminal else None

    def begin(self, title: str) -> None:
        """Say first what it takes to run the same again."""
        self._print(Text(title, "dim"))
        if self._status:
            self._status.start()

    def hear(self, plan: Plan, one: Live | Event) -> None:
        """A second of the workload, or something that happened."""
        if isinstance(one, Live):
            self._second(plan, one)
            return
        name = f"{one.data.get('fault')} {one.data.get('part')}".strip()
        if one.kind == "fault.began":
            self._faults.setdefault(plan.name, []).append(name)
            self._happened(plan, one, name)
        elif one.kind == "fault.ended" and name in self._faults.get(plan.name, []):
            self._faults[plan.name].remove(name)
            self._happened(plan, one, f"{name} is over")
        elif one.kind == "workload.began":
            self._began[plan.name] = one.at
        elif one.kind in _LIVING and self._status:
            self._say(plan, _LIVING[one.kind])

    def ended(self, result: Result) -> None:
        """A cell has ended, or had before."""
        self._done += 1
        if self._read.is_matrix:
            said, style = line_of(result)
            self._print(Text(self._glyphs.fit(said, self._screen.width), style))

    def stop(self) -> None:
        """Take the line off the screen."""
        if self._status:
            self._status.stop()

    def _second(self, plan: Plan, one: Live) -> None:
        workload = plan.experiment.workload
        left = max(0.0, workload.seconds - (one.at - self._began.get(plan.name, one.at)))
        times = (
            "" if one.p50 is None or one.p99 is None else f"p50 {one.p50:.1f} p99 {one.p99:.1f} ms"
        )
        faults = ", ".join(self._faults.get(plan.name, []))
        parts = (
            f"{workload.users} users",
            f"{one.operations:,.0f}/s",
            times,
            f"{one.errors} errors" if one.errors else "",
            f"generator {100 * one.cpu:.0f} %",
            f"{left:.0f} s left",
            faults,
        )
        self._say(plan, "  ".join(filter(None, parts)), every=workload.seconds / LINES, at=one.at)

    def _happened(self, plan: Plan, one: Event, said: str) -> None:
        if not self._status:
            began = self._began.get(plan.name, 0.0)
            self._say(plan, f"at {one.began - began:.1f} s: {said}")

    def _say(self, plan: Plan, said: str, *, every: float = 0.0, at: float = 0.0) -> None:
        """On paper a matrix has its cells' lines alone."""
        if self._read.is_matrix:
            if not self._status:
                return
            said = f"{self._done + 1}/{len(self._read.plans)} {plan.name}  {said}"
        line = self._glyphs.fit(said, self._screen.width - 2)
        if self._status:
            self._status.update(Text(line, no_wrap=True))
        elif not every or at - self._printed.get(plan.name, float("-inf")) >= every:
            self._printed[plan.name] = at or self._printed.get(plan.name, float("-inf"))
            self._print(Text(line))

    def _print(self, line: Text) -> None:
        self._screen.print(line, soft_wrap=True, highlight=False)
