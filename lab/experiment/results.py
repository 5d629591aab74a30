"""What an experiment came to, as plain values: the same out of a run and out of its folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sessionlab.lab.checks.bounds import met, seen
from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.verdicts.results import NOTHING_SHOWN, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.checks.bounds import Bound
    from sessionlab.lab.checks.interface import Finding
    from sessionlab.lab.workload.load import Load

INTERRUPTED = 130
LOST = ("lost", "lost_share")
"""The figures of continuity that say how many were lost, as `kept` and `users` do not."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One bound (`lost <= 3`): whether it is met (None: unknown), and what was seen."""

    figure: str
    text: str
    met: bool | None
    saw: str

    @classmethod
    def of(cls, bound: Bound, findings: Sequence[Finding]) -> Self:
        return cls(bound.name, str(bound), met(bound, findings), seen(bound, findings))


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a model said, and what was seen; `agrees` None where there was nothing to measure.

    `seen` has the interval that the size of the sample leaves.
    """

    name: str
    predicted: str
    seen: str
    agrees: bool | None


@dataclass(frozen=True)
class Result:
    """One run of an experiment, or one cell of it.

    `trouble` is the lab's own, which is never a verdict on users; `cut` says which files of the
    history lack their end. `idle` is the share of the machine that nobody used meanwhile, None
    where it is not known. `beside` is how many other cells ran at the same time.
    """

    name: str
    seed: int
    title: str
    file: str = ""
    axes: Mapping[str, str] = field(default_factory=dict)
    fabric: str = ""
    balancer: str = ""
    started: float = 0.0
    seconds: float = 0.0
    findings: Sequence[Finding] = ()
    bounds: Sequence[Judged] = ()
    predictions: Sequence[Foretold] = ()
    load: Load | None = None
    faults: Sequence[str] = ()
    """What could not be carried out."""
    trouble: str = ""
    interrupted: bool = False
    cut: Sequence[str] = ()
    remarks: Sequence[str] = ()
    """What else qualifies it."""
    idle: float | None = None
    beside: int = 0
    about: Mapping[str, object] = field(default_factory=dict)
    folder: str = ""
    mark: str = ""
    """Of all that it was made of: the same file, cell and seed have the same."""

    @property
    def failed(self) -> bool:
        """Whether a bound is not met, a promise broken that no bound allows, or a model wrong."""
        claims = [*(one.met for one in self.bounds), *(one.agrees for one in self.predictions)]
        return bool(self.broken) or False in claims

    @property
    def broken(self) -> list[Finding]:
        """The promises that were broken, and no bound allows that."""
        return [
            finding
            for finding in self.findings
            if finding.verdict is Verdict.BROKEN and not self.allowed(finding)
        ]

    @property
    def unknown(self) -> bool:
        """Whether it can't be told if its bounds hold, and if somebody was lost, or anything."""
        lives = [one.verdict for one in self.findings if one.check == "continuity"]
        doubts = Verdict.UNKNOWN in lives or any(bound.met is None for bound in self.bounds)
        return doubts or all(one.verdict is Verdict.UNKNOWN for one in self.findings)

    @property
    def mixed_up(self) -> bool:
        """Whether somebody was shown what is somebody else's."""
        return any(finding.check == "identity" for finding in self.broken)

    @property
    def outcome(self) -> Outcome:
        """What the lab itself did wrong is no verdict on users, but for that."""
        if self.mixed_up or (self.failed and not self.trouble):
            return Outcome.BROKEN
        return Outcome.ERROR if self.trouble or self.unknown or self.interrupted else Outcome.HELD

    @property
    def exit_status(self) -> int:
        """0 bounds hold and nobody was lost, 1 not so, 3 nothing could be shown, 130 interrupted.

        Somebody else's data is 1 whatever else.
        """
        if self.interrupted and not self.mixed_up:
            return INTERRUPTED
        return {Outcome.HELD: 0, Outcome.BROKEN: 1}.get(self.outcome, NOTHING_SHOWN)

    @property
    def sentence(self) -> str:
        """What to read first: who was lost, and why."""
        said = self._says
        is_part = (self.cut or self.interrupted) and self.findings and not self.trouble
        return f"as far as this run goes: {said}" if is_part else said

    @property
    def _says(self) -> str:
        found = {finding.check: finding for finding in self.findings}
        if self.mixed_up:
            return found["identity"].said
        if self.trouble:
            return f"nothing is said of users: {self.trouble.splitlines()[0]}"
        if "continuity" not in found:
            return "; ".join(one.said for one in self.findings) or "nothing could be shown"
        lives = found["continuity"]
        if lives.verdict is not Verdict.HOLDS:
            return "; ".join(lives.evidence[:2]) or lives.said
        but = [f"{one.check}: {one.said}" for one in self.broken]
        but += [f"{one.text}: {one.saw}" for one in self.bounds if one.met is False]
        but += [f"{one.name}: {one.seen}" for one in self.predictions if one.agrees is False]
        said = f"nobody was lost: {lives.said}"
        return f"{said}; but {'; '.join(but)}" if but else said

    def allowed(self, finding: Finding) -> bool:
        """Whether a bound that is met allows it; nothing allows somebody else's data."""
        figures = {"identity": (), "continuity": LOST}.get(finding.check, finding.figures)
        return any(one.met is not False and one.figure in figures for one in self.bounds)

    def as_far(self) -> Result:
        """The same of a run that was cut, or interrupted: what held by then may hold no more.

        And who was stuck by then may be so no more.
        """
        stuck = any(
            one.check == "continuity" and one.figures.get("stuck") == one.figures.get("lost")
            for one in self.findings
        )
        open_still = (*LOST, "stuck") if stuck else ()

        def of(finding: Finding) -> Finding:
            holds = finding.verdict is Verdict.HOLDS
            is_open = holds or (finding.check == "continuity" and stuck)
            return replace(finding, verdict=Verdict.UNKNOWN) if is_open else finding

        def passed(bound: Judged) -> bool:
            return bound.met is False and "<" in bound.text and bound.figure not in open_still

        return replace(
            self,
            findings=[of(one) for one in self.findings],
            bounds=[replace(one, met=False if passed(one) else None) for one in self.bounds],
            predictions=[replace(one, agrees=None) for one in self.predictions],
        )


@dataclass(frozen=True)
class Report:
    """A whole run: of a matrix each cell that has ended, in the file's order.

    `left` are the names of those that have not, `cut_short` says why.
    """

    name: str
    file: str
    seed: int
    fabric: str
    balancer: str
    results: Sequence[Result]
    is_matrix: bool = False
    folder: Path = Path()
    left: Sequence[str] = ()
    cut_short: str = ""

    @property
    def exit_status(self) -> int:
        """That of its worst cell: a failure first, then interrupted, then what was not shown."""
        found = {result.exit_status for result in self.results}
        found |= {NOTHING_SHOWN} if self.left or not found else set()
        return next(one for one in (1, INTERRUPTED, NOTHING_SHOWN, 0) if one in found)

    @property
    def outcome(self) -> Outcome:
        return {0: Outcome.HELD, 1: Outcome.BROKEN}.get(self.exit_status, Outcome.ERROR)
