"""What the checks say of a run: of all its users, and of each group of them.

A figure's spread is taken from the groups: what one user asks depends on what it asked before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.judging import look
from sessionlab.lab.record.packed.reader import Stored, read
from sessionlab.lab.record.packed.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sessionlab.lab.checks.interface import About, Part
    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.verdicts.users import Users

_GROUPS = 16  # of a history that is not in shards of its users yet
_DRAWS, _SEED = 100, 16
FEWEST = 5  # groups: of fewer nobody can tell how they differ


@dataclass(frozen=True)
class Counted:
    """How many of how many in each group of users: a share, and how it differs between them."""

    part: NDArray[np.float64]
    whole: NDArray[np.float64]

    @property
    def share(self) -> float:
        return float(self.part.sum() / self.whole.sum())

    @property
    def groups(self) -> int:
        """How many have any."""
        return int((self.whole > 0).sum())

    @property
    def design_effect(self) -> float:
        """How many times as far as independent ones these counts scatter, 1 at least (Kish)."""
        share, n = self.share, self.whole.sum()
        if self.groups < 2 or not 0 < share < 1:  # noqa: PLR2004
            return 1.0
        between = float(((self.part - share * self.whole) ** 2).sum())
        return max(between * self.groups / (self.groups - 1) / (share * (1 - share) * n), 1.0)


class Judged:
    """One run as the checks see it, by groups of its users."""

    def __init__(self, case: Case, processes: int) -> None:
        grouped = _grouped(case.stored)
        self._about: About = case.about
        self._seen = look(grouped, case.about, (), processes)
        self._alone: dict[str, list[Mapping[str, object]]] = {}
        self.all = {name: self._judged(name, parts) for name, parts in self._seen.items()}

    @property
    def users(self) -> Users:
        return CONTINUITY.users(self._seen[CONTINUITY.name], self._about)

    def figure(self, check: str, name: str) -> float | None:
        """Of all users; None where it is not known."""
        value = self.all[check].get(name)
        return float(value) if isinstance(value, (int, float)) else None

    def counted(self, check: str, part: str, whole: str) -> Counted | None:
        """One figure as a share of another; None where there is nothing to have a share of."""
        if not self.figure(check, whole) or self.figure(check, part) is None:
            return None
        if check not in self._alone:
            self._alone[check] = [self._judged(check, [one]) for one in self._seen[check]]
        rows = [[one.get(part) or 0, one.get(whole) or 0] for one in self._alone[check]]
        parts, wholes = np.array(rows, np.float64).T
        return Counted(parts, wholes)

    def spread(self, check: str, names: Sequence[str]) -> tuple[list[float], int]:
        """The standard error of each figure when whole groups are drawn anew; of how many."""
        parts, random = self._seen[check], np.random.default_rng(_SEED)
        found = []
        for _ in range(_DRAWS):
            drawn = random.integers(len(parts), size=len(parts))
            figures = self._judged(check, [parts[number] for number in drawn])
            found.append([figures.get(name) for name in names])
        drawn = np.array(found, float)
        known = [column[~np.isnan(column)] for column in drawn.T]
        return [float(one.std()) if len(one) else np.nan for one in known], len(parts)

    def _judged(self, check: str, parts: Sequence[Part]) -> Mapping[str, object]:
        return CHECKS[check].judge(parts, self._about).figures


def _grouped(stored: Stored) -> Stored:
    """Its shards; of a history in one piece each has some of the users."""
    shards = stored.shards()
    if len(shards) != 1 or not isinstance(shards[0], Shard):
        full = [one for one in shards if not isinstance(one, Shard) or len(one.rows)]
        return replace(stored, names=full or list(shards)[:1])
    whole = read(shards[0])
    rows = whole.rows[np.argsort(whole.place)]
    _, who = np.unique(rows["user"], return_inverse=True)
    groups = min(int(who.max(initial=0)) + 1, _GROUPS)
    found = [Shard.of(rows[who % groups == n], whole.seen, whole.words) for n in range(groups)]
    return replace(stored, names=found)
