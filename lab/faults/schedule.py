"""Which fault befalls which part of a cluster when: read or drawn, checked, and carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.description.cluster import Description

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: `at` and `lasts` are seconds, on the run's clock from the plan's beginning.

    `lasts` None is to the end of the run, or that it is over at once. `part` is the name of a part;
    empty where the fault is about none, or about all nodes.
    """

    fault: str
    at: float
    lasts: float | None = None
    part: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)


def read(
    tables: Sequence[Mapping[str, object]],
    seed: int,
    seconds: float,
    nodes: Sequence[str],
    drawn: Mapping[str, object] | None = None,
) -> list[Planned]:
    """The plan of an experiment's `[[fault]]` tables and of its `[faults]` table, by time.

    A table has `fault`, `at`, `for`, `part` and the fault's own parameters; `part = "any"` is drawn
    from the seed among `nodes`. `drawn` has `count`, `of` and `for`. The same seed and tables make
    the same plan. Raises UsageError with the key (`fault[2].dely`) and the nearest name.
    """
    raise NotImplementedError


def check(plan: Sequence[Planned], description: Description, fabric: str) -> None:
    """Raise UsageError for what such a cluster on that fabric can't have done to it."""
    raise NotImplementedError


def links(plan: Sequence[Planned], fabric: str = "local") -> frozenset[str]:
    """On which ways (`description.cluster.LINKS`) the fault proxy has to stand for that plan.

    Where the fabric has a real network (docker) on none.
    """
    raise NotImplementedError


async def carry_out(plan: Sequence[Planned], cluster: Cluster, now: Callable[[], float]) -> None:
    """Do it all, each at its time on the clock `now`, which is that of the cluster's events.

    Emits `fault.began` and `fault.ended`: `fault`, `part`, `parameters`, `at` (when it was meant
    to) and `began`. What could not be done is `fault.failed` (`fault`, `part`, `error`) and, once
    all others are over, NothingShown: trouble of the lab, never a verdict. What is cancelled heals
    nothing.
    """
    raise NotImplementedError
