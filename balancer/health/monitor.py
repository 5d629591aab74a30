"""Checks a cluster's backends, again and again, and says what it finds of each."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.state import MEANING, Finding, Seen
from sessionlab.balancer.health.probe import NO_CONNECTION, Check, probe
from sessionlab.balancer.health.rise_fall import RiseFall

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import HealthPolicy


class Monitor:
    """Tells `changed` whenever the finding of a backend turns; it asks none in maintenance.

    It tells so too when a backend that is down is so for another reason, its `why`.
    """

    def __init__(self, policy: HealthPolicy, changed: Callable[[Backend, Finding], None]) -> None:
        self._policy = policy
        self._changed = changed
        self._counts: dict[Backend, RiseFall] = {}
        self._checks: dict[Backend, asyncio.Task[None]] = {}

    def follow(self, policy: HealthPolicy) -> None:
        """Go by another policy from now on; the findings so far stay.

        Without checks nobody could ever say that a backend is up again, so all are taken to be.
        """
        if policy == self._policy:
            return
        self._policy = policy
        self._cancel()
        for backend in list(self._counts):
            if not policy.interval and backend.found is not Finding.READY:
                backend.why = ""
                self._changed(backend, Finding.READY)
            self.watch(backend)

    def watch(self, backend: Backend) -> None:
        """Begin to check a backend, the first time at once."""
        policy = self._policy
        self._counts[backend] = RiseFall(policy.rise, policy.fall, backend.found)
        if policy.interval:
            self._checks[backend] = asyncio.get_running_loop().create_task(self._check(backend))

    def forget(self, backend: Backend) -> None:
        """Check it no more."""
        self._counts.pop(backend, None)
        check = self._checks.pop(backend, None)
        if check is not None:
            check.cancel()

    def refused(self, backend: Backend) -> None:
        """A request found nobody listening: down until a check says otherwise."""
        if self._policy.interval:
            self._see(backend, Check(Seen.REFUSED, NO_CONNECTION))

    async def stop(self) -> None:
        """Check nobody any more."""
        for check in self._cancel():
            with contextlib.suppress(asyncio.CancelledError):
                await check

    def _cancel(self) -> list[asyncio.Task[None]]:
        ending = list(self._checks.values())
        self._checks.clear()
        for check in ending:
            check.cancel()
        return ending

    async def _check(self, backend: Backend) -> None:
        while True:
            if MEANING[backend.state].checked:
                check = await probe(backend.address, self._policy)
                if MEANING[backend.state].checked:  # or it went into maintenance meanwhile
                    self._see(backend, check)
            await asyncio.sleep(self._policy.interval)

    def _see(self, backend: Backend, check: Check) -> None:
        count = self._counts.get(backend)
        if count is None:
            return
        turned = count.see(check.seen)
        why = "" if count.finding is Finding.READY else check.why
        news = bool(why) and why != backend.why
        backend.why = why
        if turned or (news and count.finding is Finding.DOWN):
            self._changed(backend, count.finding)
