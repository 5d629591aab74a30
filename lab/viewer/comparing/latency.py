"""How long the requests of a run took, by groups of its users: what a bootstrap draws from.

The requests of one user depend on each other, so whole users are drawn anew, not requests. The
latencies are counted in steps of 2 % for each group, so that a draw is a sum of such counts, and
all draws are one product of matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sessionlab.lab.checks.columns import CONVERSATIONS, Columns
from sessionlab.lab.record.packed.reader import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sessionlab.lab.reports.cases import Case

    Numbers = NDArray[Any]

GROUPS = 256  # of users; up to so many each is a group of its own
KINDS = ("", *CONVERSATIONS)
_STEPS = 32  # to each power of two
_BINS = 37 * _STEPS  # up to a day in microseconds
_DRAWS, _SEED = 1000, 16


class Latencies:
    """Counts by kind of request, group of users and step of latency; `users` asked anything."""

    def __init__(self, case: Case) -> None:
        self.users = 0
        self._counts = np.zeros((len(KINDS), GROUPS, _BINS), np.float32)
        for shard in map(read, case.stored.shards()):
            self._add(Columns(shard, case.about.began))
        self._counts[0] = self._counts.sum(axis=0)

    def _add(self, of: Columns) -> None:
        asked = of.balanced
        if not asked.any():
            return
        names, who = np.unique(of.group[asked], return_inverse=True)
        took = of["took"][asked].astype(float) + of["late"][asked]
        step = np.clip(np.log2(np.maximum(took, 1)) * _STEPS, 0, _BINS - 1).astype(np.int64)
        kind = of.conversation[asked].astype(np.int64)
        kind[kind >= len(KINDS)] = 0
        group = (who + self.users) % GROUPS
        key, times = np.unique((kind * GROUPS + group) * _BINS + step, return_counts=True)
        self._counts.reshape(-1)[key] += times
        self.users += len(names)

    @property
    def requests(self) -> Numbers:
        """How many each group of users asked."""
        return self._counts[0, : self.groups].sum(axis=1)

    @property
    def groups(self) -> int:
        """How many there are."""
        return min(self.users, GROUPS)

    def errors(self, kind: int, shares: tuple[float, ...]) -> tuple[list[float], int]:
        """The standard error of each percentile's logarithm (base 2); how many groups asked so."""
        found = self._counts[kind, : self.groups]
        asked = int((found.sum(axis=1) > 0).sum())
        steps = np.flatnonzero(found.any(axis=0))
        if not asked:
            return [np.nan] * len(shares), 0
        random = np.random.default_rng(_SEED)
        often = random.multinomial(self.groups, np.full(self.groups, 1 / self.groups), _DRAWS)
        drawn = often.astype(np.float32) @ found[:, steps[0] : steps[-1] + 1]
        drawn = drawn[drawn.any(axis=1)]
        return _percentiles(drawn, shares).std(axis=0).tolist(), asked


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
