"""What checks make of a backend, one after another, by the table in `backends/state`."""

from __future__ import annotations

from sessionlab.balancer.backends.state import FINDINGS, After, Finding, Seen


class RiseFall:
    """Counts a backend's checks.

    It starts down and unproved; then the first check alone decides, good or bad, so that a
    cluster is usable as soon as its nodes are (HAProxy takes one check too at its start).
    """

    __slots__ = ("_needs", "_proved", "_row", "finding")

    def __init__(self, rise: int, fall: int, finding: Finding = Finding.DOWN) -> None:
        self._needs = {After.ONE: 1, After.RISE: rise, After.FALL: fall}
        self._proved = finding is not Finding.DOWN
        self._row: tuple[Finding | None, int] = (None, 0)
        self.finding = finding

    def see(self, seen: Seen) -> bool:
        """One more check, or a request that found nobody; True when that turned the finding."""
        if seen is Seen.NOTHING:
            return False
        becomes = FINDINGS.get((self.finding, seen))
        if becomes is None:
            self._row = (None, 0)
            return False
        finding, after = becomes
        number = self._row[1] + 1 if self._row[0] is finding else 1
        self._row = (finding, number)
        if self._proved and number < self._needs[after]:
            return False
        self.finding = finding
        self._proved = True
        self._row = (None, 0)
        return True
