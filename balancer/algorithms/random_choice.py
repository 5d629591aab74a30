"""Any backend, by weight."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sessionlab.balancer.algorithms.interface import C


class RandomChoice:
    """Independent draws; needs no state that workers would have to share."""

    says: ClassVar[str] = "it is drawn at random"

    def __init__(self, random: Random) -> None:
        self._random = random
        self._seen: Sequence[object] = ()
        self._sums: list[int] = []

    def choose(self, candidates: Sequence[C], key: bytes) -> C:
        """A draw by weight; `key` is not used."""
        if candidates is not self._seen:
            self._seen = candidates
            self._sums = list(accumulate(c.weight for c in candidates))
        return self._random.choices(candidates, cum_weights=self._sums)[0]
