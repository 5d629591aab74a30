"""Several workers: a parent that checks, answers the admin and watches, and processes that serve.

Each worker has a listening socket of its own on the same address (SO_REUSEPORT), made by the
parent, which keeps it: when a worker dies, the connections that come meanwhile wait in it for the
next one. That one starts with the states of the parent and the pins of another worker. Workers end
with their parent, even if that is killed.

How affinity stays true with several workers: `cookie` needs only the secret, which all have;
`learn`, `header` and `source` share their pins through a log in memory (see `pin_log`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvloop

from sessionlab.balancer.admin import listener
from sessionlab.balancer.affinity.pin_log import PinLog
from sessionlab.balancer.errors import BalancerError
from sessionlab.balancer.health.monitor import Monitor
from sessionlab.balancer.processes.channel import LinkedWorkers, WorkerLink
from sessionlab.balancer.processes.restarts import QUICK_S, Restarts
from sessionlab.balancer.processes.single import (
    accept_reload,
    found_text,
    log,
    on_stop,
    say_where,
)
from sessionlab.balancer.processes.worker import OF_THE_PARENT, WorkerSlot, be_worker, leave_parent
from sessionlab.balancer.services import replica
from sessionlab.balancer.services.discovery import Discovery
from sessionlab.balancer.services.registry import Cluster
from sessionlab.balancer.sockets import listeners, tls
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    import mmap
    from collections.abc import Coroutine

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.backends.state import Finding
    from sessionlab.balancer.config.model import Config
    from sessionlab.balancer.processes.single import Reload


_GRACE_S = 5.0  # for a worker's last words, after its drain time
_LONGEST_S = 1e6


def run(config: Config, read: Reload) -> int:
    """Serve with `config.workers` processes; returns the exit status. Raises `ListenError`."""
    tls.context_of(config)  # a bad certificate is told before anybody is forked
    slots = _Slots(_bind(config), PinLog.memory(config.workers))
    first = [slots.fork(number, config) for number in range(config.workers)]

    async def watch() -> int:
        return await _Parent(config, read, slots).run(first)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(watch())


def _bind(config: Config) -> list[socket.socket]:
    """A socket for each worker, all at the address of the first (which may have chosen a port)."""
    if config.listen.path:
        one = listeners.bind(config.listen, "--listen")
        bound = [one.dup() for _ in range(config.workers)]
        one.close()
    else:
        # Bound alone at first: an address in use is an error, and not shared with a stranger.
        listeners.bind(config.listen, "--listen").close()
        first = listeners.bind(config.listen, "--listen", shared=True)
        address = type(config.listen)(config.listen.host, first.getsockname()[1])
        more = range(config.workers - 1)
        bound = [first, *(listeners.bind(address, "--listen", shared=True) for _ in more)]
    for one in bound:
        one.listen(listeners.BACKLOG)
    return bound


@dataclass(frozen=True, slots=True)
class _Child:
    """A worker as its parent knows it."""

    pid: int
    end: socket.socket
    born: float


class _Slots:
    """What workers are started with: a socket to listen on, and a place in the shared log."""

    def __init__(self, bound: list[socket.socket], memory: mmap.mmap) -> None:
        self._bound = bound
        self._memory = memory
        self.where = listeners.name_of(bound[0])

    def fork(self, number: int, config: Config, *, again: bool = False) -> _Child:
        """Start a worker; `again` when it takes the place of another."""
        ours, theirs = socket.socketpair()
        signal.pthread_sigmask(signal.SIG_BLOCK, OF_THE_PARENT)  # until the worker ignores them
        child = os.fork()
        if child == 0:
            status = 1
            try:
                leave_parent({self._bound[number].fileno(), theirs.fileno()})
                pin_log = PinLog(self._memory, len(self._bound), number, from_now=again)
                status = be_worker(config, WorkerSlot(self._bound[number], theirs, pin_log))
            finally:
                os._exit(status)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OF_THE_PARENT)
        theirs.close()
        return _Child(child, ours, time.monotonic())

    def close(self) -> None:
        """Let nobody wait for a worker that does not come."""
        for one in self._bound:
            one.close()


class _Parent:
    """Holds the state that counts, and sees to it that every slot has a worker."""

    def __init__(self, config: Config, read: Reload, slots: _Slots) -> None:
        self._read = read
        self._slots = slots
        self._stop = asyncio.Event()
        self._restarts = Restarts()
        self._children: dict[int, _Child] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._monitor = Monitor(config.health, self._changed)
        self.cluster = Cluster(config, added=self._monitor.watch, removed=self._monitor.forget)
        self.workers = LinkedWorkers(self.cluster, [])
        self._discovery = Discovery(self.cluster, self._sync, log, self.workers.reports)

    async def run(self, first: list[_Child]) -> int:
        """Serve until told to stop; returns the exit status."""
        config = self.cluster.config
        for number, child in enumerate(first):
            self.workers.put(number, await WorkerLink(child.end, self._heard).open())
        watching = [
            asyncio.create_task(self._watch(number, child)) for number, child in enumerate(first)
        ]
        runner = where = None
        try:
            if config.admin is not None:
                runner, where = await listener.serve(self.cluster, self.workers, config.admin)
            await self.workers.sync()
            self._discovery.follow(config)
            on_stop(self._stop)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
            say_where(config, self._slots.where, where)  # last: who reads it may send a signal
            await self._stop.wait()
            self._slots.close()
            await asyncio.gather(self.workers.order("drain"), self._wait_or_kill(watching))
            return 0 if all(await asyncio.gather(*watching)) else 1
        finally:
            await self._discovery.stop()
            await self._monitor.stop()
            self.workers.close()
            if runner is not None:
                await runner.cleanup()

    # --- what it hears -----------------------------------------------------------------------

    def _changed(self, backend: Backend, finding: Finding) -> None:
        self.cluster.keep_time(time.time())  # a drain may begin now
        close_all(self.cluster.set_finding(backend, finding))
        log(found_text(backend, finding))
        self._sync()

    def _heard(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BalancerError):  # it may have been removed meanwhile
            self._monitor.refused(self.cluster.find(*message["body"]))

    def _sync(self) -> None:
        self._begin(self.workers.sync())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _reload(self) -> None:
        cluster = self.cluster
        try:
            close_all(cluster.reconfigure(accept_reload(cluster.config, self._read())))
        except BalancerError as error:
            log(f"reload refused, going on as before: {error}")
            return
        self._monitor.follow(cluster.config.health)
        self._discovery.follow(cluster.config)
        self._begin(self._pass_on(cluster.config))

    async def _pass_on(self, config: Config) -> None:
        # With the states: a worker must not let an old backend go before it knows a new one is up.
        packed = b64encode(pickle.dumps(config)).decode()
        await self.workers.order(
            "reload", {"config": packed, "state": replica.state_of(self.cluster)}
        )
        log("configuration reloaded")

    async def _wait_or_kill(self, watching: list[asyncio.Task[bool]]) -> None:
        """Wait for the workers' ends, and kill those that hang."""
        patience = min(self.cluster.config.timeouts.drain, _LONGEST_S) + _GRACE_S
        _, late = await asyncio.wait(watching, timeout=patience)
        for child in self._children.values() if late else ():
            log(f"worker {child.pid} does not end; killing it")
            os.kill(child.pid, signal.SIGKILL)

    # --- deaths ------------------------------------------------------------------------------

    async def _watch(self, number: int, child: _Child) -> bool:
        """Keep a slot taken until the end; whether all ended well."""
        while True:
            self._children[number] = child
            code = await _ended(child, self.workers.links[number])
            del self._children[number]
            if self._stop.is_set():
                return code == 0
            delay = self._restarts.died(time.monotonic() - child.born)
            if delay is None:
                log(_gave_up(code, self._restarts.quick))
                self._stop.set()
                return False
            log(f"worker {child.pid} ended {_how(code)}; another one takes its place")
            await asyncio.sleep(delay)
            if self._stop.is_set():
                return False
            child = await self._replace(number)

    async def _replace(self, number: int) -> _Child:
        """Another worker, with the pins of one that lives and the states of the cluster."""
        child = self._slots.fork(number, self.cluster.config, again=True)
        link = await WorkerLink(child.end, self._heard).open()
        rows = await self.workers.rows()
        self.workers.put(number, link)
        if rows is not None:
            await link.ask("restore", rows)
        await self.workers.sync()
        if self._stop.is_set():
            await link.ask("drain")
        return child


async def _ended(child: _Child, link: WorkerLink) -> int:
    """Wait for a worker's end; its exit status, or minus the signal."""
    await link.ended.wait()
    link.close()
    _, status = os.waitpid(child.pid, 0)  # noqa: ASYNC222 - its link is cut, so it is ending now
    return os.waitstatus_to_exitcode(status)


def _how(code: int) -> str:
    return f"with {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def _gave_up(code: int, deaths: int) -> str:
    return (
        f"workers ended {deaths} times in a row within {QUICK_S:.0f} s of their start, the last "
        f"{_how(code)}; giving up. What they wrote before says why; a signal from outside, such as "
        "the kernel's when memory is short, leaves no word: see dmesg."
    )
