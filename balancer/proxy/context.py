"""What the connections of one process share: clocks, limits, counters, and the cluster."""

from __future__ import annotations

import asyncio
import sys
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Protocol

from sessionlab.balancer.http.request_head import RequestHeads
from sessionlab.balancer.http.request_ids import request_ids
from sessionlab.balancer.http.response_head import ResponseHeads
from sessionlab.balancer.proxy.access_log import AccessLog
from sessionlab.balancer.proxy.forward_headers import Peers
from sessionlab.balancer.proxy.retry_budget import RetryBudget
from sessionlab.balancer.proxy.states import TUNNEL, UNDER_WAY
from sessionlab.balancer.services import report
from sessionlab.balancer.services.metrics import Metrics
from sessionlab.balancer.services.tunnels import Tunnels

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Config
    from sessionlab.balancer.services.registry import Cluster
    from sessionlab.balancer.services.service import Service

_MOST_RETRIES = 100.0
_TICKS_PER_TIMEOUT = 10
_SLOWEST_TICK_S = 0.25
_FASTEST_TICK_S = 0.01
_LOG_EVERY_S = 0.05  # who follows the log sees what has just been


class Connection(Protocol):
    """A client's connection, as the clock and the end see it."""

    deadline: float
    state: int

    def timed_out(self) -> None:
        """The deadline has passed."""
        ...

    def close_if_idle(self) -> None:
        """Leave soon, unless a request is under way."""
        ...

    def abort(self) -> None:
        """Leave at once."""
        ...


class ProxyContext:
    """Shared by every connection of a process.

    `clock` and the deadlines beside it (`idle_at` and so on: when a wait that begins now is over)
    move once a tick, so that a request costs no call to a clock for its timeouts; a timeout is
    late by one tick at most, a tenth of the shortest timeout. `date` is the line that says what
    second it is, another object in each. `refused` hears of backends to which no connection can be
    made. `connecting` are the attempts to make one.
    """

    _ticking: asyncio.TimerHandle | None = None
    _second = 0

    def __init__(
        self,
        cluster: Cluster,
        loop: asyncio.AbstractEventLoop,
        refused: Callable[[Backend], None],
    ) -> None:
        self.cluster = cluster
        self.loop = loop
        self.metrics = Metrics()
        self.connections: set[Connection] = set()
        self.connecting: set[asyncio.Task[None]] = set()
        self.tunnels = Tunnels()
        self.draining = False
        self._logged: set[str] = set()
        self.ids = request_ids()
        self.retry_budget = RetryBudget(cluster.config.retry_share, _MOST_RETRIES)
        self.access_log: AccessLog | None = None
        if cluster.config.access_log != "none":
            self.access_log = AccessLog(cluster.config.access_log)
            self._flush_log()
        self._refused = refused
        self._empty: asyncio.Event = asyncio.Event()
        self.reconfigured()

    def reconfigured(self) -> None:
        """Read the cluster's configuration anew."""
        config = self.cluster.config
        self.config = config
        self.limits = config.limits
        self.retry_budget.follow(config.retry_share)
        self.explains = config.explain
        self.most_active = config.limits.active or sys.maxsize
        self.request_heads = RequestHeads(config.limits, config.watched())
        self.response_heads = ResponseHeads()
        self.peers = Peers(config)
        self._tick_every = _tick(config)
        if self._ticking is not None:
            self._ticking.cancel()
        self._tick()

    # --- what connections say ----------------------------------------------------------------

    def connect_failed(self, backend: Backend) -> None:
        """Say that a request found nobody listening."""
        if not backend.retired:
            self._refused(backend)

    def request_failed(self, backend: Backend) -> None:
        """A request was not answered; enough of them in a row eject the backend."""
        backend.failures += 1
        backend.troubled = True
        service = self.cluster.services[backend.service]
        spare = service.spares(backend)
        if backend.ejector.failed(self.clock, spare=spare) and not backend.retired:
            service.refresh()
            self.log(f"backend {backend.service}/{backend.name} is ejected")

    def request_answered(self, backend: Backend) -> None:
        """A request was answered after some were not."""
        backend.troubled = False
        backend.ejector.answered()

    def freed(self, backend: Backend) -> None:
        """There is room at a backend for one of those that wait, its own clients first."""
        if not backend.waiting.wake_first():
            self.cluster.services[backend.service].waiting.wake_first()

    def connection_closed(self) -> None:
        """A client has gone; the last one ends a drain."""
        if not self.connections:
            self._empty.set()

    def log(self, message: str) -> None:
        """One line for the operator; nothing that a client sent."""
        sys.stderr.write(f"balancer {message}\n")

    def log_once(self, message: str) -> None:
        """The same, of what would fill the log."""
        if message not in self._logged:
            self._logged.add(message)
            self.log(message)

    # --- time --------------------------------------------------------------------------------

    def _tick(self) -> None:
        clock = self.clock = self.cluster.clock = self.loop.time()
        self.wall = time.time()
        if self._second != int(self.wall):
            self._second = int(self.wall)
            self.date = b"Date: %b\r\n" % formatdate(self._second, usegmt=True).encode()
        self.cluster.keep_time(self.wall)
        self.cluster.hear_pins()
        timeouts = self.config.timeouts
        self.header_at = clock + timeouts.header
        self.idle_at = clock + timeouts.idle
        self.response_at = clock + timeouts.response
        self.tunnel_at = clock + timeouts.tunnel
        self.queue_at = clock + timeouts.queue
        for connection in [c for c in self.connections if c.deadline < clock]:
            connection.timed_out()
        self.tunnels.tick(self.wall)
        for service in self.cluster.services.values():
            changed = [self._tick_backend(backend) for backend in service.backends.values()]
            if any(changed):
                service.refresh()
            _wake(service)
        services = self.cluster.services.values()
        self.retry_budget.earn(sum(sum(service.counters.buckets) for service in services))
        self._ticking = self.loop.call_later(self._tick_every, self._tick)

    def _flush_log(self) -> None:
        if self.access_log is not None:
            self.access_log.flush()
            self.loop.call_later(_LOG_EVERY_S, self._flush_log)

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

    def report(self) -> dict[str, Any]:
        """The counters of this process, for `metrics.total`."""
        counted = report.counters(self.cluster, self.wall)
        return {**counted, "connections": len(self.connections), **self.metrics.report()}

    # --- the end -----------------------------------------------------------------------------

    async def drain(self) -> None:
        """Let open requests finish, at most `timeouts.drain` seconds; then close everything."""
        self.draining = True
        for connection in list(self.connections):
            connection.close_if_idle()
        if self.connections:
            self._say_who_stays()
            self._empty.clear()
            try:
                async with asyncio.timeout(self.config.timeouts.drain):
                    await self._empty.wait()
            except TimeoutError:
                self.log(f"gave up on {len(self.connections)} connections after the drain time")
        await self.close()

    def _say_who_stays(self) -> None:
        tunnels = sum(connection.state == TUNNEL for connection in self.connections)
        requests = sum(connection.state in UNDER_WAY for connection in self.connections) - tunnels
        if self.config.timeouts.drain and (requests or tunnels):
            self.log(
                f"stopping: waits at most {self.config.timeouts.drain:g} s for {requests} requests "
                f"and {tunnels} tunnels (WebSockets and the like); a second signal ends it at once"
            )

    async def close(self) -> None:
        """Close everything at once."""
        if self._ticking is not None:
            self._ticking.cancel()
        for connection in list(self.connections):
            connection.abort()
        for backend in self.cluster.backends():
            for upstream in backend.pool.clear():
                upstream.transport.abort()
        for task in list(self.connecting):
            task.cancel()
        if self.access_log is not None:
            self.access_log.close()
            self.access_log = None
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # an aborted transport says goodbye one turn of the loop later


def _wake(service: Service) -> None:
    """Room may have come in other ways than by an answer: backends added, up or back, limits.

    Looking once a tick costs nothing while nobody waits, and can't run into itself. Nobody is
    woken twice in one tick, even if he has to queue again.
    """
    queues = [service.waiting, *(b.waiting for b in service.backends.values())]
    for _ in range(sum(map(len, queues))):
        waiting = service.may_leave()
        if waiting is None:
            return
        waiting.wake()


def _tick(config: Config) -> float:
    timeouts = config.timeouts
    shortest = min(timeouts.header, timeouts.idle, timeouts.response, timeouts.queue)
    return min(_SLOWEST_TICK_S, max(_FASTEST_TICK_S, shortest / _TICKS_PER_TIMEOUT))
