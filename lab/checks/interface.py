"""A check: a pure function of a stored history, asked shard by shard and then of all together."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.record.packed.shard import Shard

Part = Any
"""What a check has found in one shard: plain values that another process can send."""


class Verdict(StrEnum):
    """What a check says of a run; `SHOWN` is a measure, which only a bound can judge."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a run besides its operations; all times are seconds since the run began.

    `began` and `ended` are those of the workload, or of a scenario's story; `ended` is infinite
    where nobody told. `told` is what the (first) cluster's `cluster.starting` says of it.
    """

    began: float = 0.0
    ended: float = inf
    events: tuple[Event, ...] = ()
    told: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Sequence[Event], began: float = 0.0, ended: float = inf) -> About:
        """What its events say of its cluster, besides when it began and ended."""
        told = next((event.data for event in events if event.kind == "cluster.starting"), {})
        return cls(began, ended, tuple(events), told)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says: in a sentence, in figures that a bound may name, and by what evidence.

    `series` are values over time, for a chart.
    """

    check: str
    verdict: Verdict
    said: str
    figures: Mapping[str, JSON] = field(default_factory=dict)
    evidence: Sequence[str] = ()
    series: Mapping[str, list[float]] = field(default_factory=dict)


class Check(Protocol):
    """One kind of promise; a module each, and stateless.

    `figures` says of each figure that a bound may name what it is, with its unit.
    """

    name: str
    summary: str
    figures: Mapping[str, str]

    def look(self, shard: Shard, about: About) -> Part:
        """What there is to know of one shard's users; nothing else is ever seen of them."""

    def judge(self, parts: Sequence[Part], about: About) -> Finding:
        """The parts of all shards, in their order, put together."""
