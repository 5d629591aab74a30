"""Several workers: a parent that checks, answers the admin and watches, and processes that serve.

Each worker has a listening socket of its own on the same address (SO_REUSEPORT), made by the
parent before it forks. A worker that dies takes the balancer down, as with HAProxy's master: what
restarts services restarts it. Workers end with their parent, even if that is killed.

How affinity stays true with several workers: `cookie` needs only the secret, which all have;
`learn`, `header` and `source` share their pins through a log in memory (see `journal`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import uvloop

from balancer import listeners
from balancer.cluster import Cluster
from balancer.discovery import Discovery
from balancer.errors import BalancerError
from balancer.fleet import Line, Link, Linked
from balancer.frontend import Frontend
from balancer.health.oversight import Oversight
from balancer.journal import Journal
from balancer.server import FOUND, log, on_stop, say_where, settle
from balancer.states import Finding
from balancer.worker import Worker

if TYPE_CHECKING:
    from balancer.backend import Backend
    from balancer.config import Config
    from balancer.server import Reload

_PR_SET_PDEATHSIG = 1


def run(config: Config, read: Reload) -> int:
    """Serve with `config.workers` processes; returns the exit status. Raises `ListenError`."""
    listeners.edge(config)  # a bad certificate is told before anybody is forked
    memory = Journal.memory(config.workers)
    bound = _bind(config)
    ends: list[socket.socket] = []
    children: list[int] = []
    for number in range(config.workers):
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            for other in [*ends, ours, *(b for b in bound if b is not bound[number])]:
                other.close()
            seat = _Seat(bound[number], theirs, Journal(memory, config.workers, number))
            os._exit(_be_worker(config, read, seat))
        theirs.close()
        ends.append(ours)
        children.append(child)
    where = listeners.name_of(bound[0])
    for one in bound:
        one.close()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_oversee(config, read, ends, children, where))


def _bind(config: Config) -> list[socket.socket]:
    """A socket for each worker, all at the address of the first (which may have chosen a port)."""
    if config.listen.path:
        one = listeners.bind(config.listen, "--listen")
        return [one.dup() for _ in range(config.workers)]
    # Bound alone at first: an address in use is an error, and not shared with a stranger.
    listeners.bind(config.listen, "--listen").close()
    first = listeners.bind(config.listen, "--listen", shared=True)
    address = type(config.listen)(config.listen.host, first.getsockname()[1])
    rest = [listeners.bind(address, "--listen", shared=True) for _ in range(config.workers - 1)]
    return [first, *rest]


# --- a worker ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seat:
    """What a worker gets from its parent: a socket to listen on, its line, and the shared log."""

    bound: socket.socket
    end: socket.socket
    journal: Journal


def _be_worker(config: Config, read: Reload, seat: _Seat) -> int:
    """Serve until the parent says or goes."""
    _die_with_parent()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(config, read, seat))
    return 0


def _die_with_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


async def _work(config: Config, read: Reload, seat: _Seat) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, lambda: None)  # the parent gets them too, and says
    cluster = Cluster(config, journal=seat.journal)
    secured = listeners.edge(config)
    stop = asyncio.Event()

    def refused(backend: Backend) -> None:
        if cluster.config.health.interval:
            cluster.find_it(backend, Finding.DOWN)
            line.tell("refused", [backend.service, backend.name])

    def reload(_: Any) -> None:
        with contextlib.suppress(BalancerError):
            config = read()
            listeners.renew(secured, config)
            cluster.reconfigure(config)
            worker.reconfigured()

    worker = Worker(cluster, loop, refused)
    line = Line(
        seat.end,
        {
            "state": cluster.follow,
            "report": lambda _: worker.report(),
            "pins": lambda _: worker.pins(),
            "reload": reload,
            "drain": lambda _: stop.set(),
        },
    )
    server = await listeners.serve(seat.bound, partial(Frontend, worker), secured)
    listening = asyncio.create_task(line.listen())
    listening.add_done_callback(lambda _: stop.set())
    settle()
    await stop.wait()
    server.close()
    await worker.drain()
    listening.cancel()
    line.close()


# --- the parent --------------------------------------------------------------------------------


async def _oversee(
    config: Config, read: Reload, ends: list[socket.socket], children: list[int], where: str
) -> int:
    def changed(backend: Backend, finding: Finding) -> None:
        cluster.find_it(backend, finding)
        log(f"backend {backend.service}/{backend.name} is {FOUND[finding]}")
        tasks.add(asyncio.create_task(fleet.sync()))

    def heard(message: dict[str, Any]) -> None:
        with contextlib.suppress(BalancerError):  # it may have been removed meanwhile
            oversight.refused(cluster.find(*message["body"]))

    def reload() -> None:
        try:
            cluster.reconfigure(read())
        except BalancerError as error:
            log(f"reload refused, going on as before: {error}")
            return
        oversight.follow(cluster.config.health)
        discovery.follow(cluster.config)
        tasks.add(asyncio.create_task(_reload(fleet)))

    def rediscovered() -> None:
        tasks.add(asyncio.create_task(fleet.sync()))

    tasks: set[asyncio.Task[None]] = set()
    oversight = Oversight(config.health, changed)
    cluster = Cluster(config, added=oversight.watch, removed=oversight.forget)
    discovery = Discovery(cluster, rediscovered, log)
    links = [Link(end, heard) for end in ends]
    fleet = Linked(cluster, links)
    for link in links:
        await link.open()
    stop = asyncio.Event()
    runner = None
    admin = None
    watching = [
        asyncio.create_task(_ended(link, child, stop))
        for link, child in zip(links, children, strict=True)
    ]
    try:
        if config.admin is not None:
            runner, admin = await listeners.serve_admin(cluster, fleet, config.admin)
        await fleet.sync()
        discovery.follow(config)
        say_where(config, where, admin)
        on_stop(stop)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
        await stop.wait()
        died = any(task.done() for task in watching)
        await fleet.order("drain")
        statuses = await asyncio.gather(*watching)
        return 1 if died or any(statuses) else 0
    finally:
        await discovery.stop()
        await oversight.stop()
        for link in links:
            link.close()
        if runner is not None:
            await runner.cleanup()


async def _reload(fleet: Linked) -> None:
    await fleet.order("reload")
    await fleet.sync()
    log("configuration reloaded")


async def _ended(link: Link, child: int, stop: asyncio.Event) -> int:
    """Wait for a worker's end, which before its time ends all."""
    await link.ended.wait()
    _, status = os.waitpid(child, 0)  # noqa: ASYNC222 - its line is cut, so it is ending now
    code = os.waitstatus_to_exitcode(status)
    if not stop.is_set():
        log(f"worker {child} ended with {code}; stopping")
        stop.set()
    return code
