"""One service's counters: what clients waited for, and what became of their pins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.balancer.backends.pin import NONE, NOTHING, VALID

if TYPE_CHECKING:
    from sessionlab.balancer.affinity.interface import Affinity
    from sessionlab.balancer.backends.backend import Found

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency buckets, in seconds."""


class ServiceCounters:
    """Whole numbers, rendered only when somebody asks. It outlives a reload of its service.

    `plain` counts the verdict that nearly every request has, which depends on the affinity alone:
    nothing found and nothing done, or, where pins are, a valid one left as it is. So it costs the
    hot path one addition.
    """

    __slots__ = ("_plainly", "_rest", "buckets", "plain", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.plain = 0
        self._plainly = (NONE, NOTHING, "")
        self._rest: dict[tuple[str, str, str], int] = {}

    def begin(self, affinity: Affinity) -> None:
        """Count for this affinity from now on."""
        before = self._verdicts()
        self._plainly = (VALID if affinity.sticks else NONE, NOTHING, "")
        self._rest, self.plain = before, 0

    def add(self, found: Found, done: str) -> None:
        """A verdict other than the plain one."""
        key = (found.verdict, done, found.reason)
        self._rest[key] = self._rest.get(key, 0) + 1

    def _verdicts(self) -> dict[tuple[str, str, str], int]:
        whole = dict(self._rest)
        if self.plain:
            whole[self._plainly] = whole.get(self._plainly, 0) + self.plain
        return whole

    def report(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "buckets": self.buckets,
            "seconds": self.seconds,
            "verdicts": [[*key, number] for key, number in sorted(self._verdicts().items())],
        }
