"""The backend with the fewest requests under way, for its weight."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sessionlab.balancer.algorithms.interface import C


class LeastConnections:
    """Least of (active + 1) / weight: one more request is counted, so that weights matter at rest.

    Among equals each in turn, as nginx and HAProxy do; otherwise an idle cluster would send every
    request to the first.
    """

    says: ClassVar[str] = "{next} has the fewest requests under way, or it is its turn among equals"

    def __init__(self, random: Random) -> None:
        self._turn = 0

    def choose(self, candidates: Sequence[C], key: bytes) -> C:
        """The least loaded; `key` is not used."""
        number = len(candidates)
        self._turn += 1
        start = self._turn % number
        best = candidates[start]
        for offset in range(1, number):
            other = candidates[(start + offset) % number]
            if (other.active + 1) * best.weight < (best.active + 1) * other.weight:
                best = other
        return best

    def twin(self) -> LeastConnections:
        """With its turn among equals."""
        return copy(self)
