"""Hash of the key modulo the weights: simple, and it moves nearly everybody when one is added."""

from __future__ import annotations

from bisect import bisect_right
from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sessionlab.balancer.algorithms.interface import C


def number_of(key: bytes) -> int:
    """A key as 64 evenly spread bits, the same in every process and every run."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")


class Hash:
    """HAProxy's `hash-type map-based`: n/(n+1) of the clients move when a backend is added."""

    says: ClassVar[str] = "it depends on the client: the hash of its key decides"

    def __init__(self, random: Random) -> None:
        self._seen: Sequence[object] = ()
        self._sums: list[int] = []

    def choose(self, candidates: Sequence[C], key: bytes) -> C:
        """The candidate at hash(key) modulo the sum of the weights."""
        if candidates is not self._seen:
            self._seen = candidates
            self._sums = list(accumulate(c.weight for c in candidates))
        return candidates[bisect_right(self._sums, number_of(key) % self._sums[-1])]
