"""Consistent hash with bounded load: a change of the cluster moves only those it has to."""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING, ClassVar

from sessionlab.balancer.algorithms.hashing import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sessionlab.balancer.algorithms.interface import C

_MASK = (1 << 64) - 1
_MOST = 1.25


class ConsistentHash:
    """Weighted rendezvous hashing: the key gives each candidate a score, and the highest wins.

    Chosen over a ring because it needs no table, is exact for any weights, and moves 1/(n+1) of
    the keys when a backend is added, its own when one goes, and none between two that stay.
    A candidate with more than 1.25 times its share of the requests under way is passed over for
    the next in order (Mirrokni, Thorup, Zadimoghaddam: bounded loads).
    """

    says: ClassVar[str] = "it depends on the client: the hash of its key decides"

    def __init__(self, random: Random) -> None:
        self._seeds: dict[str, int] = {}

    def choose(self, candidates: Sequence[C], key: bytes) -> C:
        """The candidate that scores highest for the key and is not overloaded."""
        number = number_of(key)
        best = max(candidates, key=lambda c: self._score(number, c))
        active = sum(c.active for c in candidates) + 1
        weight = sum(c.weight for c in candidates)
        if best.active < ceil(_MOST * active * best.weight / weight):
            return best
        fitting = [c for c in candidates if c.active < ceil(_MOST * active * c.weight / weight)]
        return max(fitting, key=lambda c: self._score(number, c))

    def _score(self, number: int, candidate: C) -> float:
        seed = self._seeds.get(candidate.name)
        if seed is None:
            seed = self._seeds[candidate.name] = number_of(candidate.name.encode())
        mixed = _mix(number ^ seed)
        return -candidate.weight / log((mixed + 1) / (_MASK + 2))


def _mix(x: int) -> int:
    """The finaliser of splitmix64: every bit of the input moves half of the output's."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)
