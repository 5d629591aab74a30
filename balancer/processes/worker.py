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
import socket
import sys
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from sessionlab.balancer.backends.state import Finding
from sessionlab.balancer.processes.channel import Line
from sessionlab.balancer.processes.single import settle
from sessionlab.balancer.proxy import tls_accept
from sessionlab.balancer.proxy.context import ProxyContext
from sessionlab.balancer.services import report
from sessionlab.balancer.services.registry import Cluster
from sessionlab.balancer.sockets import listeners

if TYPE_CHECKING:
    from sessionlab.balancer.affinity.pin_log import Journal
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Config

_PR_SET_PDEATHSIG = 1
_STANDARD = 2  # the highest of the three descriptors that stay


@dataclass(frozen=True, slots=True)
class Seat:
    """What a worker gets from its parent: a socket to listen on, its line, and the shared log."""

    bound: socket.socket
    end: socket.socket
    journal: Journal


def leave_parent(keep: set[int]) -> None:
    """Have nothing to do any more with the loop and the sockets of the parent, which may run.

    Its descriptors are not closed but made to lead nowhere: an object that still believes in one
    would close whatever has its number by then.
    """
    asyncio._set_running_loop(None)  # noqa: SLF001 - the loop is the parent's; 3.11 checks the pid
    signal.set_wakeup_fd(-1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        if fd > _STANDARD and fd not in keep and fd != nowhere:
            with contextlib.suppress(OSError):  # the one that listed them
                os.fstat(fd)
                os.dup2(nowhere, fd)
    os.close(nowhere)


def be_worker(config: Config, seat: Seat) -> int:
    """Serve until the parent says or goes."""
    _die_with_parent()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(config, seat))
    return 0


def _die_with_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


async def _work(config: Config, seat: Seat) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, lambda: None)  # the parent gets them too, and says
    cluster = Cluster(config, journal=seat.journal)
    secured = listeners.edge(config)
    stop, ready = asyncio.Event(), asyncio.Event()

    def refused(backend: Backend) -> None:
        if cluster.config.health.interval:
            cluster.find_it(backend, Finding.DOWN)
            line.tell("refused", [backend.service, backend.name])

    def reload(order: dict[str, Any]) -> None:
        packed = b64decode(order["config"])
        config: Config = pickle.loads(packed)  # noqa: S301 - our parent's, no stranger's
        cluster.reconfigure(config)
        cluster.follow(order["state"])
        listeners.renew(secured, config)
        worker.reconfigured()

    def follow(state: Any) -> None:
        cluster.follow(state)
        ready.set()

    def leave(_: Any) -> None:
        stop.set()
        ready.set()

    worker = ProxyContext(cluster, loop, refused)
    line = Line(
        seat.end,
        {
            "state": follow,
            "report": lambda _: worker.report(),
            "pins": lambda _: report.pins(cluster, worker.wall),
            "rows": lambda _: report.rows(cluster),
            "restore": lambda told: report.restore(cluster, told, worker.wall),
            "reload": reload,
            "drain": leave,
        },
    )
    listening = asyncio.create_task(line.listen())
    listening.add_done_callback(leave)
    await ready.wait()  # nobody is served before it is known who is up and who is pinned
    server = await tls_accept.serve(seat.bound, worker, secured)
    settle()
    await stop.wait()
    server.close()
    await worker.drain()
    listening.cancel()
    line.close()
