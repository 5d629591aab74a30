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


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of how many, and what they did."""

    part: int
    whole: int
    what: str

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share is that this count is a sample of (Wilson's score interval)."""
        if not self.whole:
            return 0.0, 1.0
        share = self.part / self.whole
        scale = 1 + Z**2 / self.whole
        centre = (share + Z**2 / (2 * self.whole)) / scale
        spread = (
            Z * math.sqrt(share * (1 - share) / self.whole + Z**2 / (4 * self.whole**2)) / scale
        )
        # Of nobody or everybody the interval ends there, which floating point would miss.
        low = centre - spread if self.part else 0.0
        high = centre + spread if self.part < self.whole else 1.0
        return low, high

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
