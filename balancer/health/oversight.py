"""Checks a cluster's backends and keeps a verdict on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balancer.backend import Backend, State
from balancer.health.check import Checker
from balancer.health.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from balancer.config import HealthPolicy


class Oversight:
    """Tells `changed` whenever a backend's verdict turns."""

    def __init__(self, policy: HealthPolicy, changed: Callable[[Backend, bool], None]) -> None:
        self._changed = changed
        self._verdicts: dict[Backend, Verdict] = {}
        self._policy = policy
        self._checker = self._make(policy)

    def _make(self, policy: HealthPolicy) -> Checker:
        return Checker(policy, lambda b: b.asked is not State.MAINTENANCE, self._checked)

    def follow(self, policy: HealthPolicy) -> None:
        """Go by another policy from now on; the verdicts so far stay."""
        if policy == self._policy:
            return
        self._policy = policy
        self._checker.cancel()
        self._checker = self._make(policy)
        for backend in self._verdicts:
            self._checker.watch(backend)

    def watch(self, backend: Backend) -> None:
        """Begin to check a backend."""
        policy = self._policy
        self._verdicts[backend] = Verdict(policy.rise, policy.fall, up=backend.healthy)
        self._checker.watch(backend)

    def forget(self, backend: Backend) -> None:
        """Check it no more."""
        self._verdicts.pop(backend, None)
        self._checker.forget(backend)

    def refused(self, backend: Backend) -> None:
        """A request found nobody listening: down until a check says otherwise."""
        verdict = self._verdicts.get(backend)
        if self._policy.interval and verdict is not None and verdict.refused():
            self._changed(backend, False)

    async def stop(self) -> None:
        """Check nobody any more."""
        await self._checker.stop()

    def _checked(self, backend: Backend, good: bool) -> None:
        verdict = self._verdicts.get(backend)
        if verdict is None or backend.asked is State.MAINTENANCE:
            return  # the check was under way when it went
        if verdict.passed() if good else verdict.failed():
            self._changed(backend, good)
