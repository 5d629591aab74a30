"""What one process holds: services, connections, clocks. The admin's commands act on it."""

from __future__ import annotations

import asyncio
import sys
import time
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING

from balancer.backend import ASKABLE, Backend, State
from balancer.config import BackendSpec, Route
from balancer.errors import AdminError, DuplicateBackendError, UnknownBackendError
from balancer.forwarding import Peer
from balancer.health.check import Checker
from balancer.health.verdict import Verdict
from balancer.metrics import Metrics
from balancer.retry_budget import RetryBudget
from balancer.routing import Router
from balancer.service import Service
from balancer.upstream import Upstream

if TYPE_CHECKING:
    from balancer.config import Config
    from balancer.frontend import Frontend

_MOST_RETRIES = 100.0
_TICKS_PER_TIMEOUT = 10
_SLOWEST_TICK_S = 0.25
_FASTEST_TICK_S = 0.01


class Worker:
    """Shared by every connection of a process.

    `clock` and the deadlines beside it (`idle_at` and so on: when a wait that begins now is over)
    move once a tick, so that a request costs no call to a clock for its timeouts; a timeout is
    late by one tick at most, a tenth of the shortest timeout.
    """

    def __init__(self, config: Config, loop: asyncio.AbstractEventLoop) -> None:
        self.config = config
        self.limits = config.limits
        self.metrics = Metrics()
        self.frontends: set[Frontend] = set()
        self.draining = False
        self.services: dict[str, Service] = {}
        self.generation = 0
        self.router = self._make_router()
        self._loop = loop
        self._verdicts: dict[Backend, Verdict] = {}
        self._checker = Checker(config.health, lambda b: b.asked in ASKABLE, self._checked)
        self._connecting: set[asyncio.Task[None]] = set()
        self.retry_budget = RetryBudget(config.retry_share, _MOST_RETRIES)
        self._empty: asyncio.Event = asyncio.Event()
        self._tick_every = _tick(config)
        self._tick()
        for name in config.services():
            self._service(name)
        for spec in config.backends:
            self.add(spec)

    # --- what connections use ----------------------------------------------------------------

    def peer_of(self, transport: asyncio.Transport) -> Peer:
        """Who has connected."""
        address, _ = _endpoint(transport.get_extra_info("peername"))
        return Peer(
            address.encode(),
            b"http",
            self._trusts(address),
            "{}:{}".format(*_endpoint(transport.get_extra_info("sockname"))).encode(),
        )

    def connect(self, backend: Backend, client: Frontend) -> None:
        """Make a new connection for a client; it hears `connected` or `not_connected`."""
        task = self._loop.create_task(self._connect(backend, client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, backend: Backend, client: Frontend) -> None:
        address = backend.address
        upstream = Upstream(self, backend)
        try:
            async with asyncio.timeout(self.config.timeouts.connect):
                if address.path:
                    await self._loop.create_unix_connection(lambda: upstream, address.path)
                else:
                    await self._loop.create_connection(lambda: upstream, address.host, address.port)
        except (OSError, TimeoutError):
            if client.waits_for(backend):
                client.not_connected(backend)
            return
        if client.waits_for(backend):
            client.connected(upstream)
        elif backend.retired:
            upstream.transport.close()
        else:
            upstream.idle_since = self.clock
            backend.pool.idle.append(upstream)

    def connect_failed(self, backend: Backend) -> None:
        """A request found nobody listening: down until a check says otherwise."""
        verdict = self._verdicts.get(backend)
        if self.config.health.interval and verdict is not None and verdict.refused():
            self._health_changed(backend, healthy=False)

    def request_failed(self, backend: Backend) -> None:
        """A request was not answered; enough of them in a row eject the backend."""
        backend.failures += 1
        backend.troubled = True
        if backend.ejector.failed(self.clock) and not backend.retired:
            self.services[backend.service].refresh()
            self.log(f"backend {backend.service}/{backend.name} is ejected")

    def request_answered(self, backend: Backend) -> None:
        """A request was answered after some were not."""
        backend.troubled = False
        backend.ejector.answered()

    def freed(self, backend: Backend) -> None:
        """There is room at a backend for one of those that wait, its own clients first."""
        service = self.services[backend.service]
        for waiting in (backend.waiting, service.waiting):
            while waiting:
                if waiting.popleft().wake():
                    return

    def frontend_closed(self) -> None:
        """A client has gone; the last one ends a drain."""
        if not self.frontends:
            self._empty.set()

    def log(self, message: str) -> None:
        """One line for the operator; nothing that a client sent."""
        sys.stderr.write(f"balancer {message}\n")

    # --- what the admin and the configuration change -----------------------------------------

    def backends(self) -> list[Backend]:
        """All of them, service by service."""
        return [b for service in self.services.values() for b in service.backends.values()]

    def find(self, service: str, name: str) -> Backend:
        """One of them; raises `UnknownBackendError`."""
        try:
            return self.services[service].backends[name]
        except KeyError:
            raise UnknownBackendError(f"there is no backend {service}/{name}") from None

    def add(self, spec: BackendSpec) -> Backend:
        """Take a backend in; raises `DuplicateBackendError`."""
        service = self._service(spec.service)
        if spec.name in service.backends:
            raise DuplicateBackendError(f"backend {spec.service}/{spec.name} is there already")
        checked = bool(self.config.health.interval)
        backend = Backend(spec, healthy=not checked, ejection=self.config.ejection)
        health = self.config.health
        self._verdicts[backend] = Verdict(health.rise, health.fall, up=not checked)
        service.add(backend)
        self._checker.watch(backend)
        return backend

    def remove(self, service: str, name: str) -> None:
        """Let a backend go; requests that it is answering finish."""
        backend = self.find(service, name)
        self.services[service].remove(name)
        backend.retired = True
        self._checker.forget(backend)
        del self._verdicts[backend]
        for upstream in backend.pool.clear():
            upstream.transport.close()

    def change(self, service: str, name: str, state: State | None, weight: int | None) -> Backend:
        """Ask for another state or weight; raises `UnknownBackendError` or `AdminError`."""
        backend = self.find(service, name)
        if state is not None and state not in ASKABLE:
            raise AdminError(f"state {state}: ask for up, drain or maintenance")
        if state is not None:
            backend.asked = state
        if weight is not None:
            backend.share = weight
            backend.weigh(self.clock, self.config.slow_start)
        self.services[service].refresh()
        return backend

    def _service(self, name: str) -> Service:
        service = self.services.get(name)
        if service is None:
            config = self.config
            service = Service(
                name,
                config.policy(name),
                config.secret,
                Random(),  # noqa: S311 - spreads load, guards nothing
                panic=config.panic,
                most_active=config.limits.backend_active,
            )
            self.services[name] = service
            self.router = self._make_router()
        return service

    def _make_router(self) -> Router:
        self.generation += 1
        names = list(self.services)
        only = Route("", names[0]) if len(names) == 1 else None
        return Router(self.config.routes, only)

    def _trusts(self, address: str) -> bool:
        if not self.config.trusted:
            return False
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.config.trusted)

    # --- health ------------------------------------------------------------------------------

    def _checked(self, backend: Backend, good: bool) -> None:
        verdict = self._verdicts.get(backend)
        if backend.asked is State.MAINTENANCE:
            return  # the check was under way when maintenance began
        if verdict is not None and (verdict.passed() if good else verdict.failed()):
            self._health_changed(backend, healthy=good)

    def _health_changed(self, backend: Backend, *, healthy: bool) -> None:
        backend.healthy = healthy
        if healthy:
            backend.warm_up(self.clock, self.config.slow_start)
        self.services[backend.service].refresh()
        if not healthy:
            for upstream in backend.pool.clear():
                upstream.transport.close()
        self.log(f"backend {backend.service}/{backend.name} is {'up' if healthy else 'down'}")

    # --- time --------------------------------------------------------------------------------

    def _tick(self) -> None:
        clock = self.clock = self._loop.time()
        self.wall = time.time()
        timeouts = self.config.timeouts
        self.header_at = clock + timeouts.request_header
        self.idle_at = clock + timeouts.idle
        self.response_at = clock + timeouts.response
        self.tunnel_at = clock + timeouts.tunnel
        self.queue_at = clock + timeouts.queue
        for frontend in [f for f in self.frontends if f.deadline < clock]:
            frontend.timed_out()
        for service in self.services.values():
            changed = [self._tick_backend(backend) for backend in service.backends.values()]
            if any(changed):
                service.refresh()
        self.retry_budget.earn(sum(b.requests for b in self.backends()))
        self._ticking = self._loop.call_later(self._tick_every, self._tick)

    def _tick_backend(self, backend: Backend) -> bool:
        """Close its old connections, end an ejection, go on warming up; True when that counts."""
        for upstream in backend.pool.expire(self.clock - self.config.timeouts.pool_idle):
            upstream.transport.close()
        seconds = self.config.slow_start
        if backend.ejector.returns(self.clock):
            backend.warm_up(self.clock, seconds)
            self.log(f"backend {backend.service}/{backend.name} is back from its ejection")
            return True
        if backend.warm_at:
            backend.weigh(self.clock, seconds)
            return True
        return False

    # --- the end -----------------------------------------------------------------------------

    async def drain(self) -> None:
        """Let open requests finish, at most `timeouts.drain` seconds; then close everything."""
        self.draining = True
        for frontend in list(self.frontends):
            frontend.close_if_idle()
        if self.frontends:
            self._empty.clear()
            try:
                async with asyncio.timeout(self.config.timeouts.drain):
                    await self._empty.wait()
            except TimeoutError:
                self.log(f"gave up on {len(self.frontends)} connections after the drain time")
        await self.close()

    async def close(self) -> None:
        """Close everything at once."""
        self._ticking.cancel()
        await self._checker.stop()
        for frontend in list(self.frontends):
            frontend.abort()
        for backend in self.backends():
            for upstream in backend.pool.clear():
                upstream.transport.abort()
        for task in list(self._connecting):
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # an aborted transport says goodbye one turn of the loop later


def _tick(config: Config) -> float:
    timeouts = config.timeouts
    shortest = min(timeouts.request_header, timeouts.idle, timeouts.response, timeouts.queue)
    return min(_SLOWEST_TICK_S, max(_FASTEST_TICK_S, shortest / _TICKS_PER_TIMEOUT))


def _endpoint(name: object) -> tuple[str, int]:
    """Host and port of a socket's name; a Unix socket has neither."""
    if isinstance(name, tuple):
        return str(name[0]), int(name[1])
    return "unknown", 0
