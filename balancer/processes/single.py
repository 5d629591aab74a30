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
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.state import Finding
from sessionlab.balancer.config.model import lasting
from sessionlab.balancer.config.validation import cookie_doubts, doubts
from sessionlab.balancer.errors import BalancerError
from sessionlab.balancer.health.monitor import Oversight
from sessionlab.balancer.processes.channel import Alone
from sessionlab.balancer.proxy import tls_accept
from sessionlab.balancer.proxy.context import ProxyContext
from sessionlab.balancer.services.discovery import Discovery
from sessionlab.balancer.services.registry import Cluster
from sessionlab.balancer.sockets import listeners

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Config

    Reload = Callable[[], Config]


FOUND = {
    Finding.READY: "up",
    Finding.LEAVING: "draining, for it said 503",
    Finding.DOWN: "down",
}


def take(old: Config, new: Config) -> Config:
    """What of a new configuration can be taken over now; says what can't. Raises `UsageError`."""
    config, waiting = lasting(old, new)
    listeners.edge(config)  # a bad certificate is told before anything changes
    if waiting:
        log(f"reload: {', '.join(waiting)} changed; that takes effect at the next start")
    return config


@dataclass(slots=True)
class Running:
    """A balancer that listens: its worker, and where it really is (port 0 means any)."""

    worker: ProxyContext
    oversight: Oversight
    discovery: Discovery
    listen: str
    admin: str | None
    secured: ssl.SSLContext | None

    def reload(self, read: Reload) -> None:
        """Take over a new configuration; a bad one changes nothing."""
        try:
            config = take(self.worker.config, read())
            self.worker.cluster.reconfigure(config)
            listeners.renew(self.secured, config)
        except BalancerError as error:
            log(f"reload refused, going on as before: {error}")
            return
        self.worker.reconfigured()
        self.oversight.follow(config.health)
        self.discovery.follow(config)
        log("configuration reloaded")


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Listen as configured; at the end stop accepting and drain. Raises `ListenError`."""

    def changed(backend: Backend, finding: Finding) -> None:
        cluster.find_it(backend, finding)
        log(f"backend {backend.service}/{backend.name} is {FOUND[finding]}")

    oversight = Oversight(config.health, changed)
    cluster = Cluster(config, added=oversight.watch, removed=oversight.forget)
    worker = ProxyContext(cluster, asyncio.get_running_loop(), oversight.refused)
    discovery = Discovery(cluster, changed=lambda: None, log=log)
    where = None
    runner = None
    secured = listeners.edge(config)
    try:
        socket = listeners.bind(config.listen, "--listen")
        server = await tls_accept.serve(socket, worker, secured)
        if config.admin is not None:
            runner, where = await listeners.serve_admin(cluster, Alone(worker), config.admin)
        discovery.follow(config)
        yield Running(worker, oversight, discovery, listeners.name_of(socket), where, secured)
        server.close()
        await worker.drain()
    finally:
        await discovery.stop()
        await oversight.stop()
        await worker.close()
        if runner is not None:
            await runner.cleanup()


async def serve(config: Config, read: Reload) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends it at once. Raises `ListenError`."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    async with running(config) as balancer:
        say_where(config, balancer.listen, balancer.admin)
        loop.add_signal_handler(signal.SIGHUP, balancer.reload, read)
        on_stop(stop)
        settle()
        await stop.wait()


def on_stop(stop: asyncio.Event) -> None:
    """Set the event at the first SIGTERM or SIGINT; end at once at the second."""

    def told() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told)


def settle() -> None:
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
    for doubt in [*doubts(config), *cookie_doubts(config)]:
        log(doubt)
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
