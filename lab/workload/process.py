"""A generator process: a share of a workload's users, a spec on stdin, figures on stdout.

A spec is one line of JSON, and then comes a line when to begin; what is told is a line of JSON each
second, and one at the end. It ends early, in order, when stdin closes, as it does when who has
started it is gone, and by SIGINT and SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import ssl
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
from msgspec import Struct

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.network import ClientNetwork
from sessionlab.lab.engine.exhaustion import exhausted
from sessionlab.lab.errors import LabError
from sessionlab.lab.events import Events
from sessionlab.lab.record import histograms
from sessionlab.lab.record.packed.writer import Writer
from sessionlab.lab.workload.decisions import decisions
from sessionlab.lab.workload.model import Workload  # noqa: TC001  msgspec reads it
from sessionlab.lab.workload.pace import ClosedLoop, OpenLoop, Pace, Rate
from sessionlab.lab.workload.quick import quicks
from sessionlab.lab.workload.recording import Recorder
from sessionlab.lab.workload.target import Target  # noqa: TC001  msgspec reads it
from sessionlab.lab.workload.user import Around, VirtualUser

if TYPE_CHECKING:
    from hdrh.histogram import HdrHistogram

    from sessionlab.lab.clients.people import Person

SWEEP = 0.1  # seconds between two looks for what was not answered in time
GRACE = 2.0  # seconds for what is under way when the workload is stopped
LEAVE, AT_ONCE = 4.0, 64  # seconds in which all begin to say who they are, so many at a time
PATIENCE = 2.0  # seconds in which one that gets errors asks again
COLLECTED = 50_000  # objects between two looks of the garbage collector: a request leaves none


class Spec(Struct, frozen=True):
    """Part `part` of `parts`; `began` is when the run did, `key` that of its credentials."""

    workload: Workload
    target: Target
    folder: str
    began: float
    key: bytes
    part: int
    parts: int


class Said(Struct, frozen=True, omit_defaults=True):
    """A line of stdout: of a second (`latency` is then one histogram), or of all when it `is_over`.

    `cpu` are seconds, `lag` is the longest that the loop was held up, `failed` the lab's own
    trouble.
    """

    operations: int = 0
    errors: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    lag: float = 0.0
    latency: dict[str, str] = {}
    is_over: bool = False
    interrupted: bool = False
    failed: str = ""
    hint: str = ""


class Generator:
    """The users of one process. `stopped` ends them early; so does what goes wrong."""

    def __init__(self, spec: Spec) -> None:
        workload, target = spec.workload, spec.target
        self.stopped = asyncio.Event()
        self.failure: Exception | None = None
        self.lag = 0.0
        self._spec = spec
        self._writer = Writer(Path(spec.folder), spec.part)
        self._recorder = Recorder(self._writer, spec.key, spec.began)
        self._events = Events(began=spec.began)
        tls = ssl.create_default_context(cadata=target.certificate) if target.certificate else None
        self._network = ClientNetwork(tls=tls)
        self._whole: dict[str, HdrHistogram] = {}
        self._operations = self._errors = 0
        numbers = range(spec.part, workload.users, spec.parts)
        self._users: list[VirtualUser] = []
        self._pace: Pace = ClosedLoop(self._users)
        if workload.stages:
            rate = Rate(workload.stages, workload.seconds)
            self._pace = OpenLoop(self._users, numbers, workload.users, rate)
        around = Around(
            self._recorder,
            quicks(target.recipe, self._recorder),
            self._client,
            self._pace.rested,
            self._fail,
            self._writer.word("cluster", target.cluster),
        )
        self._users += [self._user(around, number) for number in numbers]

    async def run(self, out: TextIO) -> Said:
        """All of it, from now on."""
        began, cpu = time.monotonic(), time.process_time()
        self._pace.start(began)
        tasks = [asyncio.create_task(self._sweep()), asyncio.create_task(self._tell(out))]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopped.wait(), self._spec.workload.seconds)
        self._pace.stop()
        spent, lasted = time.process_time() - cpu, time.monotonic() - began
        interrupted = self.stopped.is_set() and self.failure is None
        await self._finish()
        for task in tasks:
            task.cancel()
        if not self.stopped.is_set():
            await self._take_leave()
        await self._close()
        self._take()
        latency = {name: histograms.as_text(one) for name, one in self._whole.items()}
        return Said(
            *(self._operations, self._errors, lasted, spent, self.lag, latency, True, interrupted),
            *_told(self.failure),
        )

    def _user(self, around: Around, number: int) -> VirtualUser:
        target, workload = self._spec.target, self._spec.workload
        accounts = len(target.people)
        person = target.people[number % accounts]
        self._recorder.users[person.name] = self._writer.word("user", person.name)
        tabs = -(-workload.users // accounts)
        does = decisions(workload, number)
        return VirtualUser(around, person, does, number // accounts, tabs)

    def _client(self, person: Person, notebook: VirtualUser, tab: int) -> Client:
        target = self._spec.target
        told = (notebook, self._events, "", target.cluster)
        client = Client(*(person, target.recipe, target.url, *told, self._network, tab))
        client.affinity = target.affinity
        client.patience = target.patience or client.patience
        client.know(target.words)
        return client

    def _fail(self, error: Exception) -> None:
        if self.failure is None:
            self.failure = exhausted(error) or error
        self.stopped.set()

    async def _sweep(self) -> None:
        """Look for what is overdue, and how late the loop lets one look."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(SWEEP)
            now = time.monotonic()
            self.lag = max(self.lag, now - before - SWEEP)
            for user in self._users:
                user.overdue(now)

    async def _tell(self, out: TextIO) -> None:
        """Of each second."""
        before, spent = time.monotonic(), time.process_time()
        while True:
            await asyncio.sleep(1)
            seen, operations, errors = histograms.histogram(), self._operations, self._errors
            self._take(seen)
            now, cpu = time.monotonic(), time.process_time()
            came = (self._operations - operations, self._errors - errors, now - before, cpu - spent)
            before, spent = now, cpu
            tell(out, Said(*came, latency={"": histograms.as_text(seen)}))

    def _take(self, *also: HdrHistogram) -> None:
        """Count what came since the last time."""
        for name, taken in self._recorder.latencies.items():
            if taken:
                whole = self._whole.setdefault(name, histograms.histogram())
                histograms.count(taken, whole, *also)
                self._operations += len(taken)
                del taken[:]
        self._errors = self._recorder.errors

    async def _finish(self) -> None:
        """Wait for what is under way as long as users do, or, when stopped, a little.

        What would be given up earlier says nothing of a cluster that stands still.
        """
        end = time.monotonic() + GRACE
        while any(user.is_busy for user in self._users) and not self.failure:
            if self.stopped.is_set() and time.monotonic() > end:
                break
            await asyncio.sleep(SWEEP / 10)
        left = [task for user in self._users if user.is_busy and (task := user.give_up())]
        await asyncio.gather(*left, return_exceptions=True)

    async def _take_leave(self) -> None:
        """Have each user say who it is."""
        turn, last = asyncio.Semaphore(AT_ONCE), time.monotonic() + LEAVE
        leaving = asyncio.gather(*(user.take_leave(turn, last, PATIENCE) for user in self._users))
        stopped = asyncio.create_task(self.stopped.wait())
        ends: list[asyncio.Future[Any]] = [leaving, stopped]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        stopped.cancel()
        (ended,) = await asyncio.gather(leaving, return_exceptions=True)
        if isinstance(ended, Exception):  # no room on the disk, say
            self._fail(ended)

    async def _close(self) -> None:
        """Write what there is."""
        for user in self._users:
            await user.client.close()
        try:
            self._writer.close()
        except OSError as error:
            self._fail(error)


def _told(failure: Exception | None) -> tuple[str, str]:
    if failure is None or isinstance(failure, LabError):
        return (str(failure), failure.hint) if failure else ("", "")
    traceback.print_exception(failure)
    return f"{type(failure).__name__}: {failure}", ""


def tell(out: TextIO, said: Said) -> None:
    """A line; who does not listen any more has closed stdin, too."""
    with contextlib.suppress(BrokenPipeError):
        out.write(msgspec.json.encode(said).decode() + "\n")
        out.flush()


async def main(out: TextIO = sys.stdout) -> None:
    """Read what to do, do it, and tell of it."""
    lines = asyncio.StreamReader(limit=2**28)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    generator = Generator(msgspec.json.decode(await lines.readline(), type=Spec))
    tell(out, Said())
    if not await lines.readline():
        return
    watch = asyncio.create_task(_watch(lines, generator.stopped))
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, generator.stopped.set)
    gc.freeze()
    gc.set_threshold(COLLECTED)
    tell(out, await generator.run(out))
    watch.cancel()


async def _watch(lines: asyncio.StreamReader, stopped: asyncio.Event) -> None:
    await lines.read()
    stopped.set()
