"""The services and their backends, and every change to them. Decisions only, no I/O.

What ends with a change is returned: idle connections, for the caller to close.

One process alone has one `Cluster`. Of several, the parent has the one that counts, and each
worker has its own that follows it (see `replica`).
"""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING

from sessionlab.balancer import affinity, algorithms
from sessionlab.balancer.affinity.pin_log import FORGET
from sessionlab.balancer.backends.backend import Backend, pin_of
from sessionlab.balancer.backends.state import ASKABLE, Finding, State
from sessionlab.balancer.config.model import BackendSpec, Route
from sessionlab.balancer.errors import AdminError, DuplicateBackendError, UnknownBackendError
from sessionlab.balancer.services.router import Router
from sessionlab.balancer.services.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.affinity.pin_log import PinLog
    from sessionlab.balancer.backends.pool import Idle
    from sessionlab.balancer.config.model import Config


_MOST_NAMED = 20


class Cluster:
    """Services by name. `clock` and `wall` (Unix time) are set by their owner, in seconds.

    `added` and `removed` hear of backends that come and go; `generation` grows whenever what a
    connection remembers of a route may be wrong.
    """

    def __init__(
        self,
        config: Config,
        *,
        added: Callable[[Backend], None] = lambda _: None,
        removed: Callable[[Backend], None] = lambda _: None,
        pin_log: PinLog | None = None,
    ) -> None:
        self.config = config
        self.services: dict[str, Service] = {}
        self.generation = 0
        self.clock = 0.0
        self.wall = time.time()
        self._added = added
        self._removed = removed
        self._pin_log = pin_log
        self._by_id: dict[bytes, Service] = {}
        for name in config.services():
            self._service(name)
        for spec in config.backends:
            self.add(spec)
        self._reroute()

    # --- looking -----------------------------------------------------------------------------

    def backends(self) -> list[Backend]:
        """All of them, service by service."""
        return [b for service in self.services.values() for b in service.backends.values()]

    def find(self, service: str, name: str) -> Backend:
        """One of them; raises `UnknownBackendError`."""
        try:
            return self.services[service].backends[name]
        except KeyError:
            raise UnknownBackendError(self._no_backend(service, name)) from None

    def _no_backend(self, service: str, name: str) -> str:
        names = [f"{b.service}/{b.name}" for b in self.backends()]
        there = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
        return f"there is no backend {service}/{name}; there are {there or 'none at all'}"

    # --- changing ----------------------------------------------------------------------------

    def add(self, spec: BackendSpec) -> Backend:
        """Take a backend in; raises `DuplicateBackendError`."""
        service = self._service(spec.service)
        if spec.name in service.backends:
            raise DuplicateBackendError(f"backend {spec.service}/{spec.name} is there already")
        unchecked = not self.config.health.interval
        backend = Backend(spec, healthy=unchecked, ejection=self.config.ejection)
        service.add(backend)
        self._added(backend)
        return backend

    def remove(self, service: str, name: str) -> list[Idle]:
        """Let a backend go; requests that it is answering finish. Returns what is to be closed."""
        backend = self.find(service, name)
        self.services[service].remove(name)
        backend.retired = True
        self._removed(backend)
        return backend.pool.clear()

    def change(
        self,
        service: str,
        name: str,
        state: State | None,
        weight: int | None,
        limit: float | None = None,
    ) -> Backend:
        """Ask for another state or weight; raises `UnknownBackendError` or `AdminError`.

        `limit` is how long a drain may last, in seconds; None: as the configuration says.
        """
        backend = self.find(service, name)
        if state is not None and state not in ASKABLE:
            raise AdminError(f"state {state}: ask for up, drain or maintenance")
        if state is not None:
            backend.asked = state
            backend.asked_limit = limit if state is State.DRAIN else None
            self._keep_drain(backend)
        if weight is not None:
            backend.share = weight
            backend.weigh(self.clock, self.config.slow_start)
        self.services[service].refresh()
        return backend

    def set_finding(self, backend: Backend, finding: Finding) -> list[Idle]:
        """What checks or requests found. Returns what is to be closed."""
        if backend.found is finding or backend.retired:
            return []
        backend.found = finding
        if finding is Finding.READY:
            backend.warm_up(self.clock, self.config.slow_start)
        self._keep_drain(backend)
        self.services[backend.service].refresh()
        return backend.pool.clear() if finding is Finding.DOWN else []

    def keep_time(self, wall: float) -> None:
        """It is this late: drains reach their limits."""
        self.wall = wall
        for service in self.services.values():
            passed = [self._keep_drain(backend) for backend in service.backends.values()]
            if any(passed):
                service.refresh()

    def _keep_drain(self, backend: Backend) -> bool:
        return backend.keep_drain(self.wall, self.config.drain_limit)

    def reconfigure(self, config: Config) -> list[Idle]:
        """Become what a new configuration says, and lose no pin and no request over it.

        Backends that the old configuration had and the new one lacks go; those that were added at
        runtime stay, and so does what was asked of them. One that was removed at runtime stays
        away until the configuration says something else of it than before. A service keeps its
        table of pins unless its affinity is another one. Returns what is to be closed. Raises
        `UsageError`, and then nothing has changed.
        """
        self._check(config)
        old, self.config = self.config, config
        for name in config.services():
            service = self.services.get(name)
            if service is not None and self._differs(name, old):
                self._replace(service)
            else:
                self._service(name)
        before, closing = frozenset(old.backends), []
        wanted = {(spec.service, spec.name): spec for spec in config.backends}
        for spec in old.backends:
            present = spec.name in self.services[spec.service].backends
            if present and wanted.get((spec.service, spec.name)) != spec:
                closing += self._revise(spec, wanted.get((spec.service, spec.name)))
        for spec in config.backends:
            if spec not in before and spec.name not in self._service(spec.service).backends:
                self.add(spec)
        for backend in self.backends():
            backend.ejector.follow(config.ejection)
        for service in self.services.values():
            service.refresh()
        self._reroute()
        return closing

    def _differs(self, service: str, old: Config) -> bool:
        new = self.config
        return (
            new.policy(service) != old.policy(service)
            or (new.panic, new.secret) != (old.panic, old.secret)
            or new.limits != old.limits
        )

    def _check(self, config: Config) -> None:
        """Make all that a configuration names, so that nothing has changed if that fails."""
        for name in config.services():
            policy = config.policy(name)
            algorithms.make(policy.algorithm, Random())  # noqa: S311 - thrown away
            affinity.make(affinity.Setting(name, policy, config.secret, {}, self.wall))

    def _revise(self, old: BackendSpec, new: BackendSpec | None) -> list[Idle]:
        if new is None or new.address != old.address:
            return self.remove(old.service, old.name)
        self.change(new.service, new.name, None, new.weight)
        return []

    # --- pins of other workers -----------------------------------------------------------------

    def hear_pins(self) -> None:
        """Take over the pins that other workers have made."""
        if self._pin_log is not None and not self._pin_log.catch_up(self._heard):
            for service in self.services.values():
                if service.affinity.table is not None:
                    service.affinity.table.missed()

    def _heard(self, service: bytes, key: bytes, pin: bytes) -> None:
        found = self._by_id.get(service)
        table = None if found is None else found.affinity.table
        if table is not None:
            table.heard(key, b"" if pin == FORGET else pin, self.wall)

    # --- services ----------------------------------------------------------------------------

    def _service(self, name: str) -> Service:
        service = self.services.get(name)
        if service is None:
            service = self._make(name)
            self._reroute()
        return service

    def _make(self, name: str, old: Service | None = None) -> Service:
        config = self.config
        identity = pin_of("service", name)
        service = Service(
            name,
            config.policy(name),
            Random(),  # noqa: S311 - spreads load, guards nothing
            panic=config.panic,
            most_active=config.limits.active,
            most_queued=config.limits.queue,
        )
        if old is not None:
            service.take_over(old)
        pin_log = self._pin_log
        tell = None
        if pin_log is not None:
            tell = lambda key, pin: pin_log.append(identity, key, pin or FORGET)  # noqa: E731
        service.affinity = affinity.make(
            affinity.Setting(
                *(name, service.policy, config.secret, service.by_pin, self.wall),
                *(tell, self.hear_pins),
            )
        )
        service.counters.begin(service.affinity)
        self.services[name] = service
        self._by_id[identity] = service
        return service

    def _replace(self, old: Service) -> None:
        """The same backends under another policy, with the same pins where that can be."""
        new = self._make(old.name, old)
        if new.policy.pins_as(old.policy):
            new.affinity.keep(old.affinity, self.wall)
        new.refresh()

    def _reroute(self) -> None:
        self.generation += 1
        # Of the configuration: a service that was added at runtime takes no traffic from it.
        names = self.config.services()
        only = Route("", names[0]) if len(names) == 1 else None
        self.router = Router(self.config.routes, only)
