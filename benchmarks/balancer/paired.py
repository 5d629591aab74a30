"""A ratio of two things measured in turns, with its confidence interval.

A shared machine is slow for a while and fast for a while; both of a pair feel it alike. So each
round gives one ratio, and of those the median counts. Its interval is that of the order statistics
(the sign test's): it supposes nothing about how the ratios are distributed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Ratio:
    """The median of the rounds' ratios, between `low` and `high` with 95 % confidence.

    Fewer than six rounds can't give that confidence; the interval is their whole range then.
    """

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f}–{self.high:.2f})"


def ratio(mine: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Of two series measured in the same rounds."""
    ratios = sorted(m / t for m, t in zip(mine, theirs, strict=True))
    outside = _outside(len(ratios))
    return Ratio(median(ratios), ratios[outside], ratios[-1 - outside])


def _outside(rounds: int) -> int:
    """How many of the ordered values may be left out at each end."""
    left_out = 0
    chance = 0.0
    for number in range(rounds // 2):
        chance += 2 * comb(rounds, number) / 2**rounds
        if chance > 0.05:
            break
        left_out = number
    return left_out
