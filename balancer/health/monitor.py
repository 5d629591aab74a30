"""Checks a cluster's backends and keeps a verdict on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.backends.state import MEANING, Finding, Seen
from sessionlab.balancer.health.probe import Checker
from sessionlab.balancer.health.rise_fall import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import HealthPolicy


class Oversight:
    """Tells `changed` whenever a backend's verdict turns."""

    def __init__(self, policy: HealthPolicy, changed: Callable[[Backend, Finding], None]) -> None:
        self._changed = changed
        self._verdicts: dict[Backend, Verdict] = {}
        self._policy = policy
        self._checker = self._make(policy)

    def _make(self, policy: HealthPolicy) -> Checker:
        return Checker(policy, lambda b: MEANING[b.state].checked, self._checked)

    def follow(self, policy: HealthPolicy) -> None:
        """Go by another policy from now on; the verdicts so far stay.

        Without checks nobody could ever say that a backend is up again, so all are taken to be.
        """
        if policy == self._policy:
            return
        self._policy = policy
        self._checker.cancel()
        self._checker = self._make(policy)
        for backend in list(self._verdicts):
            if not policy.interval and backend.found is not Finding.READY:
                self._changed(backend, Finding.READY)
            self._verdicts[backend] = Verdict(policy.rise, policy.fall, backend.found)
            self._checker.watch(backend)

    def watch(self, backend: Backend) -> None:
        """Begin to check a backend."""
        policy = self._policy
        self._verdicts[backend] = Verdict(policy.rise, policy.fall, backend.found)
        self._checker.watch(backend)

    def forget(self, backend: Backend) -> None:
        """Check it no more."""
        self._verdicts.pop(backend, None)
        self._checker.forget(backend)

    def refused(self, backend: Backend) -> None:
        """A request found nobody listening: down until a check says otherwise."""
        verdict = self._verdicts.get(backend)
        if self._policy.interval and verdict is not None and verdict.see(Seen.REFUSED):
            self._changed(backend, verdict.finding)

    async def stop(self) -> None:
        """Check nobody any more."""
        await self._checker.stop()

    def _checked(self, backend: Backend, seen: Seen) -> None:
        verdict = self._verdicts.get(backend)
        if verdict is None or not MEANING[backend.state].checked:
            return  # the check was under way when it went
        if verdict.see(seen):
            self._changed(backend, verdict.finding)
