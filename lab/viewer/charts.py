"""What the charts of a view show: requests and latencies in bins, by NumPy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, get_args

import numpy as np

from sessionlab.lab.checks.columns import SECOND, UNKNOWN
from sessionlab.lab.record.history import Ending
from sessionlab.lab.verdicts.classify import is_error, is_refused, refuses
from sessionlab.lab.viewer.view import Bins, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.checks.columns import Columns, Numbers
    from sessionlab.lab.record.history import Operation

STATES: tuple[State, ...] = get_args(State)
OK, REFUSED, FAILED, NOBODY_KNOWS = range(len(STATES))
_MOST_BINS, _FEWEST_BINS, _IN_A_BIN = 120, 24, 6
_SHARES = (0.5, 0.9, 0.99)
_SHORTEST = 0.001  # seconds of a bin


@dataclass(frozen=True, slots=True)
class Axis:
    """Time in bins; seconds since the story began."""

    start: float
    width: float
    count: int

    @property
    def end(self) -> float:
        return self.start + self.width * self.count

    @classmethod
    def of(cls, start: float, end: float, requests: int) -> Axis:
        """Bins of a round width, so that a few requests are in each: short runs have charts."""
        wanted = min(max(requests // _IN_A_BIN, _FEWEST_BINS), _MOST_BINS)
        width = _round(max((end - start) / wanted, _SHORTEST))
        first = floor(start / width + 1e-9)
        return cls(first * width, width, max(ceil(end / width - 1e-9) - first, 1))


class Charts:
    """The bins of one view; its shards are added one by one."""

    def __init__(self, axis: Axis, began: float) -> None:
        self._axis, self._began = axis, began
        self._states = np.zeros((len(STATES), axis.count), np.int64)
        self._nodes: dict[str, Numbers] = {}
        self._took: list[tuple[Numbers, Numbers]] = []
        self._versions: dict[str, tuple[int, str]] = {}

    def add(self, of: Columns) -> None:
        """Count the rows of one shard."""
        axis, state = self._axis, states(of)
        at = (of.invoked / SECOND - self._began - axis.start) / axis.width
        place = np.clip(np.floor(at + 1e-9).astype(np.int64), 0, axis.count - 1)
        for number in range(len(STATES)):
            self._states[number] += np.bincount(
                place[(state == number) & of.in_time], minlength=axis.count
            )
        for number in np.unique(of.node).tolist():
            name, mine = of.shard.words.text("node", number), of.node == number
            before = self._nodes.get(name, 0)
            self._nodes[name] = before + np.bincount(place[mine & of.in_time], minlength=axis.count)
            told = np.flatnonzero(mine & (of["version"] > 0))
            if len(told):
                last = told[np.argmax(of.invoked[told])]
                version = of.shard.words.text("version", int(of["version"][last]))
                seen = int(of.invoked[last]), version
                self._versions[name] = max(self._versions.get(name, seen), seen)
        asked = of.timed
        took = of["took"][asked].astype(np.int64) + of["late"][asked]
        self._took.append((place[asked].astype(np.int32), took))

    @property
    def versions(self) -> dict[str, str]:
        """Which each node said last that it is of: not every answer says one."""
        return {name: version for name, (_, version) in self._versions.items()}

    @property
    def total(self) -> int:
        """All requests of the workload's time."""
        return int(self._states.sum())

    @property
    def requests(self) -> Counter[str]:
        """How many each node has answered."""
        return Counter({name: int(counts.sum()) for name, counts in self._nodes.items()})

    def bins(self) -> Bins:
        ok, refused, failed, unknown = self._states.tolist()
        p50, p90, p99 = _percentiles(self._took, self._axis.count)
        return Bins(
            start=round(self._axis.start, 6),
            width=self._axis.width,
            count=self._axis.count,
            nodes={name: self._nodes[name].tolist() for name in sorted(self._nodes)},
            ok=ok,
            refused=refused,
            failed=failed,
            unknown=unknown,
            p50=p50,
            p90=p90,
            p99=p99,
        )


def states(of: Columns) -> Numbers:
    """How each request ended, as a number of STATES."""
    found = np.full(len(of), FAILED, np.uint8)
    found[(of.outcome == 0) & ~of.error] = OK
    found[of.refuses | of.refused] = REFUSED
    found[of.outcome == UNKNOWN] = NOBODY_KNOWS
    return found


def state(operation: Operation) -> State:
    """The same of one."""
    if operation.outcome is Ending.UNKNOWN:
        return "unknown"
    if refuses(operation) or is_refused(operation):
        return "refused"
    return "failed" if operation.outcome is not Ending.OK or is_error(operation) else "ok"


def _percentiles(parts: Sequence[tuple[Numbers, Numbers]], count: int) -> list[list[float | None]]:
    """Milliseconds of each bin, by nearest rank; a list for each share."""
    place = np.concatenate([one for one, _ in parts] or [np.zeros(0, np.int32)])
    took = np.concatenate([one for _, one in parts] or [np.zeros(0, np.int64)])
    order = np.lexsort((took, place))
    place, took = place[order], took[order]
    first = np.searchsorted(place, np.arange(count + 1))
    asked = np.diff(first)
    found: list[list[float | None]] = []
    for share in _SHARES:
        rank = first[:-1] + np.maximum(np.ceil(asked * share).astype(np.int64), 1) - 1
        found.append(
            [
                round(int(took[at]) / 1000, 3) if some else None
                for at, some in zip(rank.tolist(), asked.tolist(), strict=True)
            ]
        )
    return found


def _round(seconds: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(seconds))
    factor = next(one for one in (1, 2, 5, 10) if one * power >= seconds * (1 - 1e-9))
    return round(factor * power, 9)
