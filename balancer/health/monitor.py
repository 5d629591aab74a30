"""Checks a cluster's backends and keeps a finding on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.backends.state import MEANING, Finding, Seen
from sessionlab.balancer.health.probe import Checker
from sessionlab.balancer.health.rise_fall import RiseFall

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import HealthPolicy


class Monitor:
    """Tells `changed` whenever a backend's finding turns."""

    def __init__(self, policy: HealthPolicy, changed: Callable[[Backend, Finding], None]) -> None:
        self._changed = changed
        self._counts: dict[Backend, RiseFall] = {}
        self._policy = policy
        self._checker = self._make(policy)

    def _make(self, policy: HealthPolicy) -> Checker:
        return Checker(policy, lambda b: MEANING[b.state].checked, self._checked)

    def follow(self, policy: HealthPolicy) -> None:
        """Go by another policy from now on; the findings so far stay.

        Without checks nobody could ever say that a backend is up again, so all are taken to be.
        """
        if policy == self._policy:
            return
        self._policy = policy
        self._checker.cancel()
        self._checker = self._make(policy)
        for backend in list(self._counts):
            if not policy.interval and backend.found is not Finding.READY:
                self._changed(backend, Finding.READY)
            self._counts[backend] = RiseFall(policy.rise, policy.fall, backend.found)
            self._checker.watch(backend)

    def watch(self, backend: Backend) -> None:
        """Begin to check a backend."""
        policy = self._policy
        self._counts[backend] = RiseFall(policy.rise, policy.fall, backend.found)
        self._checker.watch(backend)

    def forget(self, backend: Backend) -> None:
        """Check it no more."""
        self._counts.pop(backend, None)
        self._checker.forget(backend)

    def refused(self, backend: Backend) -> None:
        """A request found nobody listening: down until a check says otherwise."""
        count = self._counts.get(backend)
        if self._policy.interval and count is not None and count.see(Seen.REFUSED):
            self._changed(backend, count.finding)

    async def stop(self) -> None:
        """Check nobody any more."""
        await self._checker.stop()

    def _checked(self, backend: Backend, seen: Seen) -> None:
        count = self._counts.get(backend)
        if count is None or not MEANING[backend.state].checked:
            return  # the check was under way when it went
        if count.see(seen):
            self._changed(backend, count.finding)
