"""How busy the machine is: whether one cell disturbs another, nothing else tells."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

_STAT = Path("/proc/stat")


class Busy(NamedTuple):
    """Ticks of all cores since the machine began, as proc(5) has them; zeros where it is not told.

    What a hypervisor took for others counts as used: it was not there for us.
    """

    idle: int
    whole: int

    @classmethod
    def now(cls) -> Busy:
        try:
            words = _STAT.read_text().partition("\n")[0].split()[1:9]
        except OSError:
            return cls(0, 0)
        ticks = [int(word) for word in words]
        return cls(ticks[3] + ticks[4], sum(ticks))

    def idle_until(self, later: Busy) -> float | None:
        """The share of all cores that nobody has used in between; None where it is not known."""
        whole = later.whole - self.whole
        return round((later.idle - self.idle) / whole, 3) if whole > 0 else None


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
