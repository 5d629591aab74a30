"""What came of a check, as plain values: the control run, the cells, what they mean, the bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sessionlab.lab.record.history import History
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.events import Event

LOST = ("logged_out", "stuck", "wrong_data")


@dataclass(frozen=True, slots=True)
class ControlStep:
    """What one part of the control run saw; `passed` None where it does not apply."""

    step: str
    passed: bool | None
    saw: str


@dataclass(frozen=True, slots=True)
class Control:
    """Whether the recipe is right, on one copy without a balancer, and what it found on the way.

    `affinities` are what a balancer can learn of the credential; `carries_data` whether that is
    JSON that anybody can read, as in a JWT; `workers` how many processes one copy has, 1 where it
    does not tell.
    """

    steps: Sequence[ControlStep]
    affinities: Sequence[str] = ()
    carries_data: bool = False
    workers: int = 1

    @property
    def passed(self) -> bool:
        return bool(self.steps) and all(step.passed is not False for step in self.steps)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many users fared how; `interrupted` are counted among the others too."""

    kept: int = 0
    moved: int = 0
    logged_out: int = 0
    stuck: int = 0
    wrong_data: int = 0
    unknown: int = 0
    interrupted: int = 0

    @property
    def users(self) -> int:
        return self.kept + self.moved + self.lost + self.unknown

    @property
    def lost(self) -> int:
        return self.logged_out + self.stuck + self.wrong_data

    def parts(self) -> list[tuple[str, str]]:
        """Those that there are, in words: the name of the count, and `7 logged out`."""
        named = ((name, int(getattr(self, name))) for name in self.__slots__)
        return [(name, f"{n} {name.replace('_', ' ')}") for name, n in named if n]

    @property
    def everybody_in(self) -> bool:
        """Whether nobody was lost, as far as that is known of everybody."""
        return self.users > 0 and self.kept + self.moved == self.users


class CellOutcome(StrEnum):
    """Whether an ordeal has shown something."""

    SHOWN = "shown"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"  # the lab's own trouble: nothing is known of the users


@dataclass(frozen=True, slots=True)
class Cell:
    """One ordeal under one affinity, and what became of its users; `history` is theirs alone."""

    affinity: str
    ordeal: str
    outcome: CellOutcome
    counts: Counts = Counts()
    why: str = ""
    judged: Users = field(default_factory=Users, repr=False)
    history: History = field(default_factory=History, repr=False)
    events: Sequence[Event] = field(default=(), repr=False)
    seconds: float = 0.0
    cluster: str = ""

    @property
    def shown(self) -> bool:
        return self.outcome is CellOutcome.SHOWN


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Where the sessions are, which affinities keep everybody in, and what to do."""

    sessions_live_in: str = "unknown"
    works_with: Sequence[str] = ()
    advice: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """Of `[expect]`; `met` None where that could not be told. `saw` is the worst that was seen."""

    bound: str
    met: bool | None
    saw: str = ""


class CheckOutcome(StrEnum):
    """What came of a whole check."""

    HELD = "held"  # it was judged, and every bound is met
    BROKEN = "broken"  # a bound is not met
    ERROR = "error"  # the control failed, or something could not be shown


@dataclass(frozen=True, slots=True)
class Check:
    """One variant of an app, judged; `trouble` is what kept it from that.

    `notes` say what was not looked at, though one might think so.
    """

    app: str
    variant: str | None
    copies: int
    seed: int
    control: Control
    cells: Sequence[Cell] = ()
    diagnosis: Diagnosis = Diagnosis()
    expect: Sequence[Bound] = ()
    notes: Sequence[str] = ()
    trouble: str = ""
    seconds: float = 0.0
    started: float = 0.0

    @property
    def outcome(self) -> CheckOutcome:
        if any(bound.met is False for bound in self.expect):
            return CheckOutcome.BROKEN
        doubts = any(bound.met is None for bound in self.expect)
        errors = any(cell.outcome is CellOutcome.ERROR for cell in self.cells)
        known = any(cell.shown and cell.counts.unknown < cell.counts.users for cell in self.cells)
        if self.trouble or not self.control.passed or doubts or errors or not known:
            return CheckOutcome.ERROR
        return CheckOutcome.HELD

    @property
    def exit_status(self) -> int:
        return {"held": 0, "broken": 1, "error": 3}[self.outcome]

    @property
    def label(self) -> str:
        """`django`, or `django, variant cached_db`."""
        return f"{self.app}, variant {self.variant}" if self.variant else self.app

    @property
    def affinities(self) -> list[str]:
        return list(dict.fromkeys(cell.affinity for cell in self.cells))

    @property
    def ordeals(self) -> list[str]:
        return list(dict.fromkeys(cell.ordeal for cell in self.cells))
