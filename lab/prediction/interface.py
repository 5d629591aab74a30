"""What a model says of a run before it begins, and how that is measured afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sessionlab.lab.checks.interface import About, Finding
from sessionlab.lab.record.intervals import Counted, Predicted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.workload.model import Workload

Measure = Callable[[Sequence[Finding], About], Counted | None]


class Planned(Protocol):
    """A fault to come, of `sessionlab.lab.faults.schedule`."""

    @property
    def fault(self) -> str: ...
    @property
    def at(self) -> float: ...
    @property
    def part(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What will be run: a cluster of one service, as its description tells it, and what befalls it.

    `strategy` is empty for somebody's own app, of which no model knows how it knows its users.
    """

    nodes: int
    strategy: str
    affinity: str
    algorithm: str
    balancer: str
    one_key: bool
    options: Mapping[str, str]
    workload: Workload
    faults: Sequence[Planned] = ()

    @property
    def first(self) -> Planned | None:
        """The first fault: only before it nobody has moved, and every node has its share."""
        return min(self.faults, key=lambda one: one.at, default=None)

    @property
    def one_node_knows(self) -> bool:
        """Whether a session is known to the node alone that made it."""
        return self.strategy == "memory" or (self.strategy == "jwt" and not self.one_key)

    @property
    def all_nodes_know(self) -> bool:
        return self.strategy == "redis" or (self.strategy == "jwt" and self.one_key)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A share that is expected, why, and how it is counted in what the checks have found."""

    name: str
    says: str
    expected: Predicted
    measure: Measure

    def agrees(self, findings: Sequence[Finding], about: About) -> bool | None:
        """Whether chance may have brought about what was counted; None where nothing was."""
        counted = self.measure(findings, about)
        return self.expected.accepts(counted) if counted and counted.whole else None


class Model(Protocol):
    """One kind of prediction; it says nothing of what it can't predict."""

    summary: str

    def foretell(self, setting: Setting) -> Iterator[Prediction]: ...


def figure(findings: Sequence[Finding], check: str, name: str) -> JSON:
    """A figure of a check; None where it was not made, or does not know."""
    found = (one.figures.get(name) for one in findings if one.check == check)
    return next(found, None)


def rows(findings: Sequence[Finding], check: str, name: str) -> list[dict[str, JSON]]:
    """A figure that is a table."""
    found = figure(findings, check, name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def counted(part: JSON, whole: JSON, what: str) -> Counted | None:
    """Of two figures; None where one is not known, or there were none at all."""
    if isinstance(part, int) and isinstance(whole, int) and whole:
        return Counted(part, whole, what)
    return None
