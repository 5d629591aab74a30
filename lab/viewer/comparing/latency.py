"""How long the requests of a run took, by groups of its users and by second: to draw from anew.

The requests of one user depend on each other, and so do those of one moment, which share what the
machine did then. So whole users are drawn anew, and whole seconds, never requests. Latencies are
counted in steps of 2 % for each group, so that a draw is a sum of such counts, and all draws are
one product of matrices.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from sessionlab.lab.checks.columns import CONVERSATIONS, Columns
from sessionlab.lab.record.packed.reader import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sessionlab.lab.reports.cases import Case

    Numbers = NDArray[Any]

GROUPS = 256  # of users, and of seconds; up to so many each is a group of its own
KINDS = ("", *CONVERSATIONS)
_STEPS = 32  # to each power of two
_BINS = 37 * _STEPS  # up to a day in microseconds
_DRAWS, _SEED = 1000, 16


class Latencies:
    """Counts by kind of request, group and step of latency; `users` is how many asked anything."""

    def __init__(self, case: Case) -> None:
        self.users = 0
        shape = (len(KINDS), GROUPS, _BINS)
        self._by_user, self._by_second = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        lasts = case.about.ended - case.about.began
        seconds = int(lasts) // GROUPS + 1 if isfinite(lasts) else 1
        for shard in map(read, case.stored.shards()):
            self._add(Columns(shard, case.about.began), seconds)
        for counts in (self._by_user, self._by_second):
            counts[0] = counts.sum(axis=0)

    def _add(self, of: Columns, seconds: int) -> None:
        """One shard's; so many seconds go together."""
        asked = of.timed
        names, who = np.unique(of.group[asked], return_inverse=True)
        took = of["took"][asked].astype(float) + of["late"][asked]
        step = np.clip(np.log2(np.maximum(took, 1)) * _STEPS, 0, _BINS - 1).astype(np.int64)
        kind = of.conversation[asked].astype(np.int64)
        kind[kind >= len(KINDS)] = 0
        second = np.minimum(of.second[asked] // seconds, GROUPS - 1)
        groups = ((who + self.users) % GROUPS, second)
        for group, counts in zip(groups, (self._by_user, self._by_second), strict=True):
            key, times = np.unique((kind * GROUPS + group) * _BINS + step, return_counts=True)
            counts.reshape(-1)[key] += times
        self.users += len(names)

    @property
    def requests(self) -> tuple[Numbers, Numbers]:
        """How many each group of users asked, and how many were asked in each second."""
        users, seconds = (_full(counts[0]) for counts in (self._by_user, self._by_second))
        return users.sum(axis=1), seconds.sum(axis=1)

    def errors(self, kind: int, shares: tuple[float, ...]) -> tuple[list[float], int]:
        """The standard error of each percentile's logarithm, and of how many groups.

        That is the fewer of users and of seconds; both kinds of chance are in the error.
        """
        found = [_full(counts[kind]) for counts in (self._by_user, self._by_second)]
        groups = min(map(len, found))
        if not groups:
            return [np.nan] * len(shares), 0
        users, seconds = (_errors(counts, shares) for counts in found)
        return (np.hypot(users, seconds) * np.log(2)).tolist(), groups


def _full(counts: Numbers) -> Numbers:
    """The groups that have any."""
    return counts[counts.any(axis=1)]


def _errors(counts: Numbers, shares: tuple[float, ...]) -> Numbers:
    steps = np.flatnonzero(counts.any(axis=0))
    random = np.random.default_rng(_SEED)
    often = random.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), _DRAWS)
    drawn = often.astype(np.float32) @ counts[:, steps[0] : steps[-1] + 1]
    return np.std(_percentiles(drawn, shares), axis=0)


def _percentiles(counts: Numbers, shares: tuple[float, ...]) -> Numbers:
    """Of each row of counts, in powers of two from the first step; between steps interpolated."""
    below = np.cumsum(counts, axis=1, dtype=np.float64)
    rows = np.arange(len(counts))
    found = []
    for share in shares:
        wanted = below[:, -1] * share
        step = np.minimum((below < wanted[:, None]).sum(axis=1), counts.shape[1] - 1)
        inside = (wanted - below[rows, step]) / np.maximum(counts[rows, step], 1) + 1
        found.append((step + inside) / _STEPS)
    return np.stack(found, axis=1)
