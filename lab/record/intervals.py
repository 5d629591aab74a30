"""A share that was predicted and one that was counted: whether they agree.

A count of chances scatters around what was predicted. They agree when the prediction lies in the
count's confidence interval, at a level so high that a cluster which is right fails about once in a
million runs, while one that is wrong is far outside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

ONCE_IN = 1_000_000  # runs
LEVEL = 1 - 1 / ONCE_IN
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


def wilson(part: float, whole: float, z: float) -> tuple[float, float]:
    """Where the share is that a count is a sample of: the score interval at `z` (Wilson 1927)."""
    if not whole:
        return 0.0, 1.0
    share = part / whole
    scale = 1 + z**2 / whole
    centre = (share + z**2 / (2 * whole)) / scale
    spread = z * math.sqrt(share * (1 - share) / whole + z**2 / (4 * whole**2)) / scale
    # Of nobody or everybody the interval ends there, which floating point would miss.
    return centre - spread if part else 0.0, centre + spread if part < whole else 1.0


def newcombe(one: tuple[float, float], other: tuple[float, float], z: float) -> tuple[float, float]:
    """Where the difference is of two shares (part, whole), the other's less the one's.

    Newcombe's interval of independent shares from Wilson's of each (1998, method 10).
    """
    a, b = one[0] / one[1], other[0] / other[1]
    (low_a, high_a), (low_b, high_b) = wilson(*one, z), wilson(*other, z)
    low = b - a - math.hypot(b - low_b, high_a - a)
    return low, b - a + math.hypot(high_b - b, a - low_a)


def student(level: float, freedom: float) -> float:
    """How many standard errors an interval reaches that rests on so few groups (Student's t).

    Fisher and Cornish's expansion; to 2 % from 5 degrees of freedom on, for levels up to 0.999.
    """
    z, n = NormalDist().inv_cdf((1 + level) / 2), freedom
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / n + second / n**2 + third / n**3


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of how many, and what they did."""

    part: int
    whole: int
    what: str

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share is that this count is a sample of (Wilson's score interval)."""
        return wilson(self.part, self.whole, Z)

    def __str__(self) -> str:
        low, high = self.interval
        interval = f"{_percent(low)} to {_percent(high)}"
        return (
            f"{self.part} of {self.whole} {self.what}, so {interval} "
            f"(chance alone would miss that once in {ONCE_IN:,} runs)"
        )


@dataclass(frozen=True, slots=True)
class Predicted:
    """Expects a `Counted` that this share may well have brought about."""

    share: float
    what: str

    def accepts(self, observed: object) -> bool:
        if not isinstance(observed, Counted):
            return False
        low, high = observed.interval
        return low <= self.share <= high

    def __str__(self) -> str:
        return f"{_percent(self.share)} {self.what}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
