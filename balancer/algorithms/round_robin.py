"""Each in turn; with weights, smoothly, as nginx does it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sessionlab.balancer.algorithms.interface import C


class RoundRobin:
    """Smooth weighted round-robin: weights 5, 1, 1 give a a b a c a a, never five a in a row.

    At each turn every candidate gains its weight, the richest is chosen, and pays the sum
    (nginx, ngx_http_upstream_round_robin.c). With equal weights that is plain rotation, which
    costs nothing.
    """

    says: ClassVar[str] = "it is {next}'s turn"

    def __init__(self, random: Random) -> None:
        self._turn = -1
        self._seen: Sequence[object] = ()
        self._equal = True
        self._credit: dict[str, int] = {}

    def choose(self, candidates: Sequence[C], key: bytes) -> C:
        """The next in turn; `key` is not used."""
        if candidates is not self._seen:
            self._seen = candidates
            self._equal = len({c.weight for c in candidates}) == 1
        if self._equal:
            self._turn += 1
            return candidates[self._turn % len(candidates)]
        return self._richest(candidates)

    def twin(self) -> RoundRobin:
        """With its turn, and credit of its own."""
        twin: RoundRobin = copy(self)
        twin._credit = dict(self._credit)
        return twin

    def _richest(self, candidates: Sequence[C]) -> C:
        credit = self._credit
        total = 0
        best = candidates[0]
        most = None
        for candidate in candidates:
            total += candidate.weight
            mine = credit[candidate.name] = credit.get(candidate.name, 0) + candidate.weight
            if most is None or mine > most:
                best, most = candidate, mine
        credit[best.name] -= total
        return best
