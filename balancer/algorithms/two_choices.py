"""The less loaded of two drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sessionlab.balancer.algorithms.interface import C


class TwoChoices:
    """Power of two choices (Mitzenmacher): close to least-connections, without its herds.

    Where several balancers see only their own requests, all of them would send the next ones to
    the same least loaded backend; a draw of two keeps them apart.
    """

    says: ClassVar[str] = "two are drawn at random, and the less loaded one is taken"

    def __init__(self, random: Random) -> None:
        self._random = random

    def choose(self, candidates: Sequence[C], key: bytes) -> C:
        """The better of two different ones; `key` is not used."""
        if len(candidates) == 1:
            return candidates[0]
        one, other = self._random.sample(candidates, 2)
        if (other.active + 1) * one.weight < (one.active + 1) * other.weight:
            return other
        return one
