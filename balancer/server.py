"""Runs a balancer: listeners, signals, and an orderly end."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from balancer import admin
from balancer.errors import ListenError
from balancer.frontend import Frontend
from balancer.worker import Worker

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

    from balancer.config import Address, Config

_BACKLOG = 4096


@dataclass(slots=True)
class Running:
    """A balancer that listens: its worker, and where it really is (port 0 means any)."""

    worker: Worker
    listen: str
    admin: str | None


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """Listen as configured; at the end stop accepting and drain. Raises `ListenError`."""
    worker = Worker(config, asyncio.get_running_loop())
    runner: web.AppRunner | None = None
    where = None
    try:
        server = await _listen(config.listen, lambda: Frontend(worker), "--listen")
        if config.admin is not None:
            runner, where = await _listen_admin(worker, config.admin)
        yield Running(worker, _where(server), where)
        server.close()
        await worker.drain()
    finally:
        await worker.close()
        if runner is not None:
            await runner.cleanup()


async def serve(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends it at once. Raises `ListenError`."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    async with running(config) as balancer:
        if balancer.admin:
            balancer.worker.log(f"admin on http://{balancer.admin}")
        balancer.worker.log(f"listening on http://{balancer.listen}, {_summary(config)}")
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stopper(stop))
        _settle_memory()
        await stop.wait()


def _stopper(stop: asyncio.Event) -> Callable[[], None]:
    def on_signal() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    return on_signal


def _settle_memory() -> None:
    """What is there now stays; the hot path makes no cycles, so collecting can be rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _listen(
    address: Address, factory: Callable[[], asyncio.Protocol], option: str
) -> asyncio.AbstractServer:
    loop = asyncio.get_running_loop()
    try:
        if address.path:
            return await loop.create_unix_server(factory, address.path, backlog=_BACKLOG)
        return await loop.create_server(factory, address.host, address.port, backlog=_BACKLOG)
    except OSError as error:
        raise _cannot_listen(address, option, error) from None


async def _listen_admin(worker: Worker, address: Address) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(admin.application(worker), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        if address.path:
            await web.UnixSite(runner, address.path).start()
        else:
            await web.TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        await runner.cleanup()
        raise _cannot_listen(address, "--admin", error) from None
    return runner, _name(runner.addresses[0])


def _cannot_listen(address: Address, option: str, error: OSError) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        why = f"address already in use. Choose another {option}, or stop what holds it."
    else:
        # uvloop puts its own words around the system's; the number says it plainly.
        why = f"{os.strerror(error.errno) if error.errno else error}. Choose another {option}."
    return ListenError(f"cannot listen on {address}: {why}")


def _where(server: asyncio.AbstractServer) -> str:
    sockets: list[socket.socket] = getattr(server, "sockets", [])
    return _name(sockets[0].getsockname())


def _name(name: tuple[str, int] | str) -> str:
    if not isinstance(name, str):
        host, port = str(name[0]), int(name[1])
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"unix:{name}"


def _summary(config: Config) -> str:
    policy = config.default_policy
    number = len(config.backends)
    return f"{number} backends, {policy.algorithm}, affinity {policy.affinity}"


def report(error: Exception) -> None:
    """One clear line for the user."""
    sys.stderr.write(f"balancer: {error}\n")
