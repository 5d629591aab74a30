"""What the connections of one process share: clocks, limits, counters, and the cluster."""

from __future__ import annotations

import asyncio
import sys
import time
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from sessionlab.balancer.http.request_head import RequestHeads
from sessionlab.balancer.http.request_ids import request_ids
from sessionlab.balancer.http.response_head import ResponseHeads
from sessionlab.balancer.proxy.access_log import AccessLog
from sessionlab.balancer.proxy.forward_headers import Peer
from sessionlab.balancer.proxy.retry_budget import RetryBudget
from sessionlab.balancer.proxy.upstream import Upstream
from sessionlab.balancer.services.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Config
    from sessionlab.balancer.proxy.dispatch import Dispatching
    from sessionlab.balancer.proxy.own_answers import OwnAnswers
    from sessionlab.balancer.services.registry import Cluster
    from sessionlab.balancer.services.service import Service

_MOST_PEERS = 4096
_MOST_RETRIES = 100.0
_TICKS_PER_TIMEOUT = 10
_SLOWEST_TICK_S = 0.25
_FASTEST_TICK_S = 0.01


class Worker:
    """Shared by every connection of a process.

    `clock` and the deadlines beside it (`idle_at` and so on: when a wait that begins now is over)
    move once a tick, so that a request costs no call to a clock for its timeouts; a timeout is
    late by one tick at most, a tenth of the shortest timeout. `refused` hears of backends to which
    no connection can be made.
    """

    _ticking: asyncio.TimerHandle | None = None

    def __init__(
        self,
        cluster: Cluster,
        loop: asyncio.AbstractEventLoop,
        refused: Callable[[Backend], None],
    ) -> None:
        self.cluster = cluster
        self.metrics = Metrics()
        self.frontends: set[OwnAnswers] = set()
        self.draining = False
        self.ids = request_ids()
        self.retry_budget = RetryBudget(cluster.config.retry_share, _MOST_RETRIES)
        self.access_log: AccessLog | None = None
        if cluster.config.access_log != "none":
            self.access_log = AccessLog(cluster.config.access_log)
        self._loop = loop
        self._refused = refused
        self._connecting: set[asyncio.Task[None]] = set()
        self._empty: asyncio.Event = asyncio.Event()
        self.reconfigured()

    def reconfigured(self) -> None:
        """Read the cluster's configuration anew."""
        config = self.cluster.config
        self.config = config
        self.limits = config.limits
        self.retry_budget.follow(config.retry_share)
        self.explains = config.explain
        self.most_active = config.limits.backend_active or sys.maxsize
        self.request_heads = RequestHeads(config.limits, config.watched())
        self.response_heads = ResponseHeads()
        self._peers: dict[str, Peer] = {}
        self._tick_every = _tick(config)
        if self._ticking is not None:
            self._ticking.cancel()
        self._tick()

    # --- what connections use ----------------------------------------------------------------

    def peer_of(self, transport: asyncio.Transport) -> Peer:
        """Who has connected."""
        name = transport.get_extra_info("peername")
        return self.peer_at(name[0] if isinstance(name, tuple) else "unknown")

    def peer_at(self, address: str) -> Peer:
        """Who has that address, by the connection or by the PROXY protocol."""
        peer = self._peers.get(address)
        if peer is None:
            config = self.config
            scheme = b"https" if config.tls_cert else b"http"
            local = b"localhost" if config.listen.path else str(config.listen).encode()
            plain = _plain(address)
            peer = Peer(plain.encode(), scheme, self._trusts(plain), local)
            if len(self._peers) >= _MOST_PEERS:
                self._peers.clear()
            self._peers[address] = peer
        return peer

    def connect(self, backend: Backend, client: Dispatching) -> None:
        """Make a new connection for a client; it hears `connected` or `not_connected`."""
        task = self._loop.create_task(self._connect(backend, client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, backend: Backend, client: Dispatching) -> None:
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
        service = self.cluster.services[backend.service]
        for waiting in (backend.waiting, service.waiting):
            while waiting:
                if waiting.popitem(last=False)[0].wake():
                    return

    def _wake(self, service: Service) -> None:
        """Room may have come in other ways than by an answer: backends added, up or back, limits.

        Looking once a tick costs nothing while nobody waits, and can't run into itself. Nobody is
        woken twice in one tick, even if he has to queue again.
        """
        queues = [service.waiting, *(b.waiting for b in service.backends.values())]
        for _ in range(sum(map(len, queues))):
            client = service.may_leave()
            if client is None:
                return
            client.wake()

    def frontend_closed(self) -> None:
        """A client has gone; the last one ends a drain."""
        if not self.frontends:
            self._empty.set()

    def log(self, message: str) -> None:
        """One line for the operator; nothing that a client sent."""
        sys.stderr.write(f"balancer {message}\n")

    def _trusts(self, address: str) -> bool:
        if not self.config.trusted:
            return False
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.config.trusted)

    # --- time --------------------------------------------------------------------------------

    def _tick(self) -> None:
        clock = self.clock = self.cluster.clock = self._loop.time()
        self.wall = time.time()
        self.cluster.keep_time(self.wall)
        self.cluster.hear_pins()
        if self.access_log is not None:
            self.access_log.flush()
        timeouts = self.config.timeouts
        self.header_at = clock + timeouts.request_header
        self.idle_at = clock + timeouts.idle
        self.response_at = clock + timeouts.response
        self.tunnel_at = clock + timeouts.tunnel
        self.queue_at = clock + timeouts.queue
        for frontend in [f for f in self.frontends if f.deadline < clock]:
            frontend.timed_out()
        for service in self.cluster.services.values():
            changed = [self._tick_backend(backend) for backend in service.backends.values()]
            if any(changed):
                service.refresh()
            self._wake(service)
        services = self.cluster.services.values()
        self.retry_budget.earn(sum(sum(service.counters.buckets) for service in services))
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

    def report(self) -> dict[str, Any]:
        """The counters of this process as plain values; see `fleet`."""
        services = self.cluster.services.values()
        tables = {s.name: s.affinity.table for s in services}
        pins = {name: {} if t is None else t.counts(self.wall) for name, t in tables.items()}
        return {
            "backends": {
                f"{b.service}/{b.name}": {
                    "active": b.active,
                    "idle": len(b.pool.idle),
                    "requests": b.requests,
                    "failures": b.failures,
                    "retries": b.retries,
                    "ejected": bool(b.ejector.until),
                    "classes": b.by_class,
                    "pins": pins[b.service].get(b.name, 0),
                }
                for b in self.cluster.backends()
            },
            "began": {n: 0.0 if t is None else t.began for n, t in tables.items()},
            "services": {s.name: s.counters.report() for s in services},
            "connections": len(self.frontends),
            **self.metrics.report(),
        }

    def pins(self) -> list[dict[str, Any]]:
        """Every pin that lives here and not with its client."""
        return [
            {"service": service.name, **pin._asdict()}
            for service in self.cluster.services.values()
            if service.affinity.table is not None and service.policy.affinity != "cookie"
            for pin in service.affinity.table.pins(self.wall)
        ]

    def rows(self) -> dict[str, Any]:
        """The whole of the tables, for a worker that starts in the place of one that died."""
        self.cluster.hear_pins()
        return {
            service.name: {
                "began": table.began,
                "rows": [[k.hex(), pin.hex(), since, seen] for k, pin, since, seen in table.rows()],
            }
            for service in self.cluster.services.values()
            if (table := service.affinity.table) is not None
        }

    def restore(self, rows: dict[str, Any]) -> None:
        """Take over what another worker has in its tables."""
        for name, known in rows.items():
            service = self.cluster.services.get(name)
            table = None if service is None else service.affinity.table
            if table is not None:
                taken = [
                    (bytes.fromhex(key), bytes.fromhex(pin), since, seen)
                    for key, pin, since, seen in known["rows"]
                ]
                table.take_over(known["began"], taken, self.wall)

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
        if self._ticking is not None:
            self._ticking.cancel()
        for frontend in list(self.frontends):
            frontend.abort()
        for backend in self.cluster.backends():
            for upstream in backend.pool.clear():
                upstream.transport.abort()
        for task in list(self._connecting):
            task.cancel()
        if self.access_log is not None:
            self.access_log.close()
            self.access_log = None
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # an aborted transport says goodbye one turn of the loop later


def _plain(address: str) -> str:
    """A client of IPv4 as such, also where it came through a socket of IPv6."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return address if mapped is None else str(mapped)


def _tick(config: Config) -> float:
    timeouts = config.timeouts
    shortest = min(timeouts.request_header, timeouts.idle, timeouts.response, timeouts.queue)
    return min(_SLOWEST_TICK_S, max(_FASTEST_TICK_S, shortest / _TICKS_PER_TIMEOUT))
