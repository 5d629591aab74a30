"""What came of a run, as plain values that a report can be made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from sessionlab.lab.record.history import History
from sessionlab.lab.verdicts.chance import notes
from sessionlab.lab.verdicts.not_shown import not_shown
from sessionlab.lab.verdicts.story_time import in_story_time
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.claims import Claim
    from sessionlab.lab.record.tables import Table

NOTHING_SHOWN = 3  # the exit status


class Outcome(StrEnum):
    """What became of a scenario."""

    HELD = "held"  # every claim holds
    BROKEN = "broken"  # at least one does not
    ERROR = "error"  # the story could not be told to its end
    SKIPPED = "skipped"  # the story cannot be told on this cluster

    @property
    def words(self) -> str:
        """As a person is told: a prediction can come true that is a bad one."""
        return {"held": "as predicted", "broken": "not as predicted"}.get(self.value, self.value)


@dataclass(frozen=True)
class ScenarioResult:
    """`reason` says why for an error and a skip; `exit_status` is what this alone calls for.

    `started` is in seconds of the wall clock since 1970 (UTC), 0 where it never was.
    """

    name: str
    title: str
    outcome: Outcome
    reason: str | None = None
    seconds: float = 0.0
    history: History = field(default_factory=History, repr=False)
    claims: Sequence[Claim] = ()
    exit_status: int = 0
    events: Sequence[Event] = field(default=(), repr=False)
    tables: Sequence[Table] = ()
    started: float = 0.0

    @cached_property
    def users(self) -> Users:
        """What became of each user, in all clusters of the scenario; in the story's own time."""
        return Users.of(*in_story_time(self.history, self.events), self.name)

    @property
    def notes(self) -> list[str]:
        """What qualifies the claims: why else they may hold, and what they say nothing of."""
        left_out = map(str, not_shown(self.events))
        return [*notes(self.name, self.history, self.events), *left_out]


@dataclass(frozen=True, slots=True)
class RunResult:
    """With `allow_skips` a run may have skipped everything; else that has shown nothing.

    `cut_short` says why a run has not been told to its end. `more` is what its JSON has besides.
    """

    fabric: str
    balancer: str
    seed: int
    seconds: float
    scenarios: Sequence[ScenarioResult]
    allow_skips: bool = False
    cut_short: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """0 every claim holds, 1 one does not, 3 nothing could be shown."""
        worst = max((result.exit_status for result in self.scenarios), default=NOTHING_SHOWN)
        allowed = self.allow_skips and self.all_skipped
        nothing = self.without_balancer or (self.judged_nothing and not allowed)
        return NOTHING_SHOWN if worst == 0 and nothing else worst

    @property
    def judged_nothing(self) -> bool:
        """Whether not one claim was made, in any scenario."""
        return not any(result.claims for result in self.scenarios)

    @property
    def without_balancer(self) -> str:
        """That somebody else's balancer was asked for, and stood before none of the clusters."""
        stood = [
            event.data.get("balancer")
            for result in self.scenarios
            for event in result.events
            if event.kind == "cluster.starting"
        ]
        if not stood or any(stood) or self.balancer in ("builtin", "external"):
            return ""
        return f"nothing is shown of {self.balancer}: no cluster of this run has a balancer"

    @property
    def all_skipped(self) -> bool:
        """Whether no scenario could be told on what it was given."""
        return all(result.outcome is Outcome.SKIPPED for result in self.scenarios)
