"""Runs one process that serves: listeners, signals, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sessionlab.balancer.admin import listener
from sessionlab.balancer.backends.state import Finding
from sessionlab.balancer.config.model import reloadable
from sessionlab.balancer.config.warnings import warnings
from sessionlab.balancer.errors import BalancerError
from sessionlab.balancer.health.monitor import Monitor
from sessionlab.balancer.proxy import tls_accept
from sessionlab.balancer.proxy.context import ProxyContext
from sessionlab.balancer.services.discovery import Discovery
from sessionlab.balancer.services.registry import Cluster
from sessionlab.balancer.services.report import pins
from sessionlab.balancer.sockets import listeners, tls
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

    from sessionlab.balancer.admin.workers import Report
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Config

    Reload = Callable[[], Config]


def found_text(backend: Backend, finding: Finding) -> str:
    """The line about what was found of a backend."""
    text = {
        Finding.READY: "up",
        Finding.LEAVING: "draining, for it said 503",
        Finding.DOWN: f"down: {backend.why}" if backend.why else "down",
    }[finding]
    return f"backend {backend.service}/{backend.name} is {text}"


def accept_reload(old: Config, new: Config) -> Config:
    """What of a new configuration can be taken over now; says what can't. Raises `UsageError`."""
    config, waiting = reloadable(old, new)
    tls.context_of(config)  # a bad certificate is told before anything changes
    if waiting:
        log(f"reload: {', '.join(waiting)} changed; that takes effect at the next start")
    return config


@dataclass(frozen=True, slots=True)
class SingleWorker:
    """One worker that is its own parent, as the admin API sees it."""

    context: ProxyContext

    async def sync(self) -> None:
        """Nobody else has to know."""

    async def reports(self) -> list[Report]:
        """Its own counters."""
        return [self.context.report()]

    async def pins(self) -> list[list[dict[str, Any]]]:
        """Its own pins."""
        return [pins(self.context.cluster, self.context.wall)]


@dataclass(slots=True)
class Running:
    """A balancer that listens: what its connections share, and where it is (port 0 means any)."""

    context: ProxyContext
    monitor: Monitor
    discovery: Discovery
    listen: str
    admin: str | None
    secured: ssl.SSLContext | None

    def reload(self, read: Reload) -> None:
        """Take over a new configuration; a bad one changes nothing."""
        try:
            config = accept_reload(self.context.config, read())
            close_all(self.context.cluster.reconfigure(config))
            tls.renew(self.secured, config)
        except BalancerError as error:
            log(f"reload refused, going on as before: {error}")
            return
        self.context.reconfigured()
        self.monitor.follow(config.health)
        self.discovery.follow(config)
        log("configuration reloaded")


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Listen as configured; at the end stop accepting and drain. Raises `ListenError`."""

    def changed(backend: Backend, finding: Finding) -> None:
        close_all(cluster.set_finding(backend, finding))
        log(found_text(backend, finding))

    monitor = Monitor(config.health, changed)
    cluster = Cluster(config, added=monitor.watch, removed=monitor.forget)
    context = ProxyContext(cluster, asyncio.get_running_loop(), monitor.refused)
    alone = SingleWorker(context)
    discovery = Discovery(cluster, changed=lambda: None, log=log, reports=alone.reports)
    where = None
    runner = server = None
    secured = tls.context_of(config)
    try:
        socket = listeners.bind(config.listen, "--listen")
        server = await tls_accept.serve(socket, context, secured)
        if config.admin is not None:
            runner, where = await listener.serve(cluster, alone, config.admin)
        discovery.follow(config)
        yield Running(context, monitor, discovery, listeners.name_of(socket), where, secured)
        server.close()
        await context.drain()
    finally:
        await discovery.stop()
        await monitor.stop()
        await context.close()
        if server is not None:  # it may be all that has begun; closing twice does nothing
            server.close()
        if runner is not None:
            await runner.cleanup()


async def serve(config: Config, read: Reload) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends it at once. Raises `ListenError`."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    async with running(config) as balancer:
        loop.add_signal_handler(signal.SIGHUP, balancer.reload, read)
        on_stop(stop)
        say_where(config, balancer.listen, balancer.admin)  # last: who reads it may send a signal
        tune()
        await stop.wait()


def on_stop(stop: asyncio.Event) -> None:
    """Set the event at the first SIGTERM or SIGINT; end at once at the second."""

    def stop_or_exit() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_or_exit)


def tune() -> None:
    """Make ready for many connections.

    What is in memory now stays; the hot path makes no cycles, so collecting can be rare. Two
    descriptors a client are more than the usual soft limit allows.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def say_where(config: Config, listen: str, admin: str | None) -> None:
    """One line for each listener."""
    policy = config.default_policy
    scheme = "https" if config.tls_cert else "http"
    if admin:
        log(f"admin on http://{admin}")
    for warning in warnings(config):
        log(warning)
    named = "".join(f", those of {spec.host}" for spec in config.discover)
    log(
        f"listening on {scheme}://{listen}, {len(config.backends)} backends{named}, "
        f"{policy.algorithm}, affinity {policy.affinity}"
        + (f", {config.workers} workers" if config.workers > 1 else "")
    )


def report(error: Exception) -> None:
    """One clear line about what went wrong."""
    sys.stderr.write(f"balancer: {error}\n")


def log(message: str) -> None:
    """One line for the operator; nothing that a client sent."""
    sys.stderr.write(f"balancer {message}\n")
