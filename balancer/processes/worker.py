"""One of several workers: a process that serves, and does what its parent says.

It is forked by the parent, at the beginning or from the parent's running loop when another one
has died, and serves when it has been told the states and, in the second case, the pins.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pickle
import signal
import sys
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from sessionlab.balancer.backends.state import Finding
from sessionlab.balancer.processes.channel import ParentLink
from sessionlab.balancer.processes.single import tune
from sessionlab.balancer.proxy import tls_accept
from sessionlab.balancer.proxy.context import ProxyContext
from sessionlab.balancer.services import replica, report
from sessionlab.balancer.services.registry import Cluster
from sessionlab.balancer.sockets import tls
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    import socket

    from sessionlab.balancer.affinity.pin_log import PinLog
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Config

OF_THE_PARENT = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
"""Signals that workers get too, as their group does, and leave to the parent, which tells them."""
_PR_SET_PDEATHSIG = 1
_STANDARD = 2  # the highest of the three descriptors that stay


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """What a worker gets from its parent: a socket to listen on, its link, and the shared log."""

    bound: socket.socket
    end: socket.socket
    pin_log: PinLog


def leave_parent(keep: set[int]) -> None:
    """Have nothing to do any more with the loop and the sockets of the parent, which may run.

    Its descriptors are not closed but made to lead nowhere: an object that still believes in one
    would close whatever has its number by then.
    """
    asyncio._set_running_loop(None)  # noqa: SLF001 - the loop is the parent's; 3.11 checks the pid
    signal.set_wakeup_fd(-1)
    for number in OF_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, OF_THE_PARENT)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        if fd > _STANDARD and fd not in keep and fd != nowhere:
            with contextlib.suppress(OSError):  # the one that listed them
                os.fstat(fd)
                os.dup2(nowhere, fd)
    os.close(nowhere)


def be_worker(config: Config, slot: WorkerSlot) -> int:
    """Serve until the parent says or goes."""
    _die_with_parent()

    async def serve() -> None:
        await _Process(config, slot).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
    return 0


def _die_with_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class _Process:
    """What serves in a worker, and how each order of the parent is carried out."""

    def __init__(self, config: Config, slot: WorkerSlot) -> None:
        self._slot = slot
        self._cluster = Cluster(config, pin_log=slot.pin_log)
        self._secured = tls.context_of(config)
        self._stop, self._ready = asyncio.Event(), asyncio.Event()
        self._context = ProxyContext(self._cluster, asyncio.get_running_loop(), self._refused)
        self._link = ParentLink(
            slot.end,
            {
                "state": self._follow,
                "report": lambda _: self._context.report(),
                "pins": lambda _: report.pins(self._cluster, self._context.wall),
                "rows": lambda _: report.rows(self._cluster),
                "restore": self._restore,
                "reload": self._reload,
                "drain": self._leave,
            },
        )

    async def run(self) -> None:
        """Serve until the parent says or goes, and then to the end of what is open."""
        listening = asyncio.create_task(self._link.listen())
        listening.add_done_callback(self._leave)
        await self._ready.wait()  # nobody is served before it is known who is up and pinned
        server = await tls_accept.serve(self._slot.bound, self._context, self._secured)
        tune()
        await self._stop.wait()
        server.close()
        await self._context.drain()
        listening.cancel()
        self._link.close()

    def _refused(self, backend: Backend) -> None:
        if self._cluster.config.health.interval:
            close_all(self._cluster.set_finding(backend, Finding.DOWN))
            self._link.tell("refused", [backend.service, backend.name])

    def _follow(self, state: Any) -> None:
        close_all(replica.follow(self._cluster, state))
        self._ready.set()

    def _reload(self, order: dict[str, Any]) -> None:
        packed = b64decode(order["config"])
        config: Config = pickle.loads(packed)  # noqa: S301 - our parent's, no stranger's
        close_all(self._cluster.reconfigure(config))
        close_all(replica.follow(self._cluster, order["state"]))
        tls.renew(self._secured, config)
        self._context.reconfigured()

    def _restore(self, rows: dict[str, Any]) -> None:
        report.restore(self._cluster, rows, self._context.wall)

    def _leave(self, _: Any) -> None:
        self._stop.set()
        self._ready.set()
