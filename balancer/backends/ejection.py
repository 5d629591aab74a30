"""Passive ejection: a backend that keeps failing real requests is left alone for a while.

Only failures to answer count (refused, reset, silent). A 5xx is an answer: when a shared store is
down every node gives them, and taking all out of rotation would help nobody. So is what is no good
HTTP: one URL that answers so would eject the backend for everybody. A backend that says nothing
else fails its active check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.balancer.config.model import EjectionPolicy


class Ejector:
    """One backend's failures. Times are on any clock that only goes forward."""

    __slots__ = ("_policy", "_streak", "_times", "until")

    def __init__(self, policy: EjectionPolicy) -> None:
        self._policy = policy
        self._streak = 0
        self._times = 0
        self.until = 0.0

    def failed(self, now: float, *, spare: bool = True) -> bool:
        """A request was not answered; True when that ejects the backend.

        One that is not to `spare` stays, and is ejected by its next failure when it is.
        """
        self._streak += 1
        if not self._policy.failures or self._streak < self._policy.failures or self.until:
            return False
        if not spare:
            return False
        self._streak = 0
        self.until = now + min(self._policy.base * 2**self._times, self._policy.longest)
        self._times += 1
        return True

    def follow(self, policy: EjectionPolicy) -> None:
        """Go by another policy from now on; an ejection under way ends when it was to end."""
        self._policy = policy

    def answered(self) -> None:
        """A request was answered: the next ejection is a short one again."""
        self._streak = 0
        self._times = 0

    def returns(self, now: float) -> bool:
        """Whether the time is over; True once."""
        if self.until and now >= self.until:
            self.until = 0.0
            return True
        return False
