"""When a worker that died is started again: at once, then later and later, and not for ever."""

from __future__ import annotations

QUICK_S = 10.0
"""A worker that lived for less died quickly."""
MOST = 5
"""Quick deaths in a row after which it is no accident."""
_FIRST_S = 0.05
_LONGEST_S = 5.0


class Restarts:
    """Counts the deaths of all workers; what kills one at its start kills the others too."""

    def __init__(self) -> None:
        self.quick = 0

    def died(self, lived: float) -> float | None:
        """Seconds to wait before the next one; None: give up."""
        self.quick = self.quick + 1 if lived < QUICK_S else 0
        if self.quick > MOST:
            return None
        return min(_LONGEST_S, _FIRST_S * 2 ** (self.quick - 1)) if self.quick else 0.0
