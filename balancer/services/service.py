"""A set of identical backends and how one of them is chosen. Decisions only, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer import algorithms
from sessionlab.balancer.affinity.none import NoAffinity
from sessionlab.balancer.algorithms.interface import Foreseeable
from sessionlab.balancer.backends.backend import Found
from sessionlab.balancer.backends.pin import BACKEND_DOWN, DOWN, PAST_LIMIT, SATURATED, VALID
from sessionlab.balancer.backends.queue import Queue
from sessionlab.balancer.backends.state import MEANING, State
from sessionlab.balancer.services.counters import ServiceCounters

if TYPE_CHECKING:
    from collections.abc import Container
    from random import Random

    from sessionlab.balancer.affinity.interface import Affinity, Claim
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.backends.queue import Waiting
    from sessionlab.balancer.config.model import ServicePolicy


class Service:
    """Backends by name and by pin, with the algorithm and the affinity that choose among them."""

    def __init__(
        self,
        name: str,
        policy: ServicePolicy,
        random: Random,
        *,
        panic: bool = False,
        most_active: int = 0,
        most_queued: int = 0,
    ) -> None:
        self.name = name
        self.counters = ServiceCounters()
        self.waiting = Queue()
        self._panic = panic
        self._most_active = most_active
        self._most_queued = most_queued
        self.policy = policy
        self.backends: dict[str, Backend] = {}
        self.by_pin: dict[bytes, Backend] = {}
        self.algorithm, self.key_of = algorithms.make(policy.algorithm, random)
        self.affinity: Affinity = NoAffinity()
        self._open: tuple[Backend, ...] = ()

    def add(self, backend: Backend) -> None:
        """Take a backend in."""
        self.backends[backend.name] = backend
        self.by_pin[backend.pin] = backend
        self.refresh()

    @property
    def takes_new(self) -> bool:
        """Whether any backend takes clients without a pin."""
        return any(backend.takes_new for backend in self.backends.values())

    def spares(self, backend: Backend) -> bool:
        """Whether another one takes new clients, so that this one can be left alone.

        A request that no backend survives would otherwise eject all of them, and then its client
        has shut everybody out (Envoy's max_ejection_percent).
        """
        return any(b.takes_new for b in self.backends.values() if b is not backend)

    @property
    def has_room(self) -> bool:
        """Whether a client without a pin would not have to wait."""
        most = self._most_active
        return any(not most or b.active < most for b in self._open)

    def may_leave(self) -> Waiting | None:
        """Take one out of the queues for whom there is room, or whose backend is out."""
        most = self._most_active
        for backend in self.backends.values():
            if backend.waiting and (not backend.pinnable or not most or backend.active < most):
                return backend.waiting.take()
        if self.waiting and self.has_room:
            return self.waiting.take()
        return None

    def take_over(self, old: Service) -> None:
        """Become the service that another was before a reload: the same backends and counters."""
        self.backends, self.by_pin = old.backends, old.by_pin
        self.waiting, self.counters = old.waiting, old.counters

    def remove(self, name: str) -> Backend:
        """Let a backend go; its open requests finish. Raises KeyError."""
        backend = self.backends.pop(name)
        del self.by_pin[backend.pin]
        backend.waiting.move_to(self.waiting)
        self.refresh()
        return backend

    def refresh(self) -> None:
        """Work out anew who may be chosen, after any change of a state or a weight.

        In panic, when nobody is up, those that were not taken out on purpose are tried all the
        same: a check may be wrong about all of them at once (Envoy's panic mode). When nobody
        takes new clients, who is past the limit of a drain keeps its own, in panic too: moving
        them would only lose them.
        """
        backends = self.backends.values()
        for backend in backends:
            backend.pinnable = MEANING[backend.state].keeps_pinned
        self._open = tuple(b for b in backends if b.takes_new)
        if self._open:
            return
        for backend in backends:
            backend.pinnable = backend.pinnable or backend.state is State.DRAINED
        if self._panic:
            self._open = tuple(b for b in backends if b.asked is State.UP and b.share)
            for backend in self._open:
                backend.pinnable = True

    def choose(
        self, claim: Claim, key: bytes, tried: Container[Backend], now: float
    ) -> tuple[Backend | None, Found]:
        """The backend for a request, None when there is none, and what its claim led to.

        `tried` are the backends that failed this request already. A backend that is full is
        chosen only for its own pinned clients, or when all are full; the caller then waits. When
        its queue is full too, its clients overflow to others (HAProxy's maxqueue).
        """
        found = self.affinity.find(claim, now)
        pinned = found.backend
        if pinned is not None:
            if pinned.pinnable and pinned not in tried:
                most = self._most_active
                if not most or pinned.active < most or len(pinned.waiting) < self._most_queued:
                    return pinned, found
                return self._overflow(pinned, found, key, tried)
            drained = pinned.state is State.DRAINED and pinned not in tried
            found = Found(pinned, DOWN, PAST_LIMIT if drained else BACKEND_DOWN)
            if self.policy.on_pin_lost == "fail" and not drained:
                return None, found
        candidates = self._open
        if tried:
            candidates = tuple(b for b in candidates if b not in tried)
        if not candidates:
            return None, found
        chosen = self.algorithm.choose(candidates, key)
        if self._most_active and chosen.active >= self._most_active:
            free = tuple(b for b in candidates if b.active < self._most_active)
            if free:
                chosen = self.algorithm.choose(free, key)
        return chosen, found

    def foreseen(self) -> tuple[Backend | None, str]:
        """Whom the next client without a pin would come to now, and why; None where nobody knows.

        Nothing changes by it: a twin of the algorithm is asked, as `choose` asks itself.
        """
        if not self._open:
            return None, "no backend takes new clients"
        most = self._most_active
        free = tuple(b for b in self._open if not most or b.active < most)
        if not free:
            return None, "all backends are full: it waits for the first that has room"
        says = getattr(self.algorithm, "says", "this algorithm does not tell")
        if not isinstance(self.algorithm, Foreseeable):
            return None, str(says)
        twin = self.algorithm.twin()
        chosen = twin.choose(self._open, b"")
        if chosen not in free:
            chosen = twin.choose(free, b"")
        return chosen, str(says).replace("{next}", chosen.name)

    def _overflow(
        self, pinned: Backend, found: Found, key: bytes, tried: Container[Backend]
    ) -> tuple[Backend, Found]:
        free = tuple(b for b in self._open if b.active < self._most_active and b not in tried)
        if not free or self.policy.on_pin_lost == "fail":
            return pinned, found
        return self.algorithm.choose(free, key), Found(pinned, VALID, SATURATED)
