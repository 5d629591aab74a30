"""A watch as a run of one story, so that all that reads runs reads it; and as Markdown."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from sessionlab.lab.outside.watched import NAME, Watched
from sessionlab.lab.reports.as_summary import text
from sessionlab.lab.verdicts.results import NOTHING_SHOWN, Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.events import Event

NOBODY = Watched.of((), began=None)
ELSEWHERE = "elsewhere"
"""The fabric and the balancer of a system that the lab has not started."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says besides what was seen: `url` and `command` hold no credential."""

    app: str
    url: str
    command: Sequence[str]
    seed: int
    started: float

    def run(self, seen: Watched, events: Sequence[Event], seconds: float) -> RunResult:
        """As the result of a run."""
        told = replace(
            self._result(seen.outcome, seconds),
            history=seen.history,
            claims=seen.claims,
            exit_status=seen.exit_status,
            events=tuple(events),
        )
        return self._run(told, self._more(seen))

    def cut_short(self, why: str, seconds: float = 0.0) -> RunResult:
        """As far as it is known: nothing, and why."""
        told = replace(self._result(Outcome.ERROR, seconds), reason=why)
        return self._run(told, self._more(NOBODY), why)

    def summary(self, seen: Watched) -> str:
        """Markdown, for the summary of a CI job."""
        first, *lines = (text(line) for line in seen.lines())
        what = text(shlex.join(self.command) or "a while")
        return "\n".join(
            [f"### {first}", "", f"{text(self.app)} at {text(self.url)}, during: {what}", ""]
            + [f"- {line}" for line in lines]
            + [""]
        )

    def _result(self, outcome: Outcome, seconds: float) -> ScenarioResult:
        return ScenarioResult(
            NAME,
            f"the users of {self.app} at {self.url}",
            outcome,
            seconds=round(seconds, 3),
            exit_status=NOTHING_SHOWN,
            started=self.started,
        )

    def _run(
        self, told: ScenarioResult, more: dict[str, object], why: str | None = None
    ) -> RunResult:
        here, took = ELSEWHERE, told.seconds
        return RunResult(here, here, self.seed, took, [told], cut_short=why, more=more)

    def _more(self, seen: Watched) -> dict[str, object]:
        return {
            "schema": 1,
            "app": self.app,
            "url": self.url,
            "command": shlex.join(self.command) if self.command else None,
            "command_status": seen.status,
            "outcome": seen.outcome,
            "users": seen.counts,
            "interruptions": seen.interruptions,
            "losses": [asdict(lost) for lost in seen.losses],
            "could_not_log_in": list(seen.left_out),
            "notes": seen.remarks if len(seen.history) else [],
        }
