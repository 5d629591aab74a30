"""A generator process: a share of a workload's users, a spec on stdin, figures on stdout.

A spec is one line of JSON, and then comes a line when to begin; what is told is a line of JSON each
second, and one at the end. It ends early, in order, when stdin closes: so it does when who has
started it is gone.
"""

from __future__ import annotations

import asyncio
import gc
import ssl
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import msgspec
from msgspec import Struct

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.network import ClientNetwork
from sessionlab.lab.clients.people import Person
from sessionlab.lab.clients.wire import exhausted
from sessionlab.lab.errors import LabError
from sessionlab.lab.events import Events
from sessionlab.lab.record.packed.writer import Writer
from sessionlab.lab.workload import latencies
from sessionlab.lab.workload.decisions import decisions
from sessionlab.lab.workload.model import Workload  # noqa: TC001  msgspec reads it
from sessionlab.lab.workload.pace import ClosedLoop, OpenLoop, Pace, Rate
from sessionlab.lab.workload.quick import quicks
from sessionlab.lab.workload.recording import Recorder
from sessionlab.lab.workload.target import Target  # noqa: TC001  msgspec reads it
from sessionlab.lab.workload.user import Around, VirtualUser

if TYPE_CHECKING:
    from hdrh.histogram import HdrHistogram

SWEEP = 0.1  # seconds between two looks for what was not answered in time
GRACE = 2.0  # seconds for what is under way when the workload is over
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


class Second(Struct, frozen=True):
    """What happened since the one before; `latency` is an encoded histogram."""

    operations: int
    errors: int
    cpu: float
    latency: str


class End(Struct, frozen=True):
    """All of it; `cpu` are seconds, `failed` the lab's own trouble."""

    operations: int
    errors: int
    seconds: float
    cpu: float
    lag: float
    interrupted: bool
    latency: dict[str, str]
    failed: str = ""
    hint: str = ""


class Told(Struct, frozen=True):
    """A line of stdout; the first has neither."""

    second: Second | None = None
    end: End | None = None


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
        self._network = ClientNetwork(tls=tls, fast=True)
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

    async def run(self, at: float, out: TextIO) -> End:
        """All of it, from `at` (monotonic) on."""
        seconds, began, cpu = self._spec.workload.seconds, time.monotonic(), time.process_time()
        self._pace.start(at)
        tasks = [asyncio.create_task(self._sweep()), asyncio.create_task(self._tell(out))]
        try:
            async with asyncio.timeout(at + seconds - began):
                await self.stopped.wait()
        except TimeoutError:
            pass
        self._pace.stop()
        spent, lasted = time.process_time() - cpu, time.monotonic() - at
        interrupted = self.stopped.is_set() and self.failure is None
        await self._finish()
        for task in tasks:
            task.cancel()
        self._take()
        latency = {name: latencies.as_text(one) for name, one in self._whole.items()}
        return End(
            *(self._operations, self._errors, lasted, spent, self.lag, interrupted, latency),
            *_told(self.failure),
        )

    def _user(self, around: Around, number: int) -> VirtualUser:
        target, workload = self._spec.target, self._spec.workload
        accounts = len(target.people)
        account = target.people[number % accounts]
        person = Person(account.name, account.password, account.more)
        self._recorder.users[person.name] = self._writer.word("user", person.name)
        tabs = -(-workload.users // accounts)
        does = decisions(workload, number)
        return VirtualUser(around, person, does, number // accounts, tabs)

    def _client(self, person: Person, notebook: VirtualUser, tab: int) -> Client:
        target = self._spec.target
        told = (notebook, self._events, "", target.cluster)
        client = Client(
            *(person, target.recipe, target.url, *told, self._network, tab),
            target.public or None,
            allow_script=target.allow_script,
        )
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
        cpu = time.process_time()
        while True:
            before = time.monotonic()
            await asyncio.sleep(1)
            seen, operations, errors = latencies.histogram(), self._operations, self._errors
            self._take(seen)
            spent = time.process_time()
            share = (spent - cpu) / (time.monotonic() - before)
            cpu = spent
            second = Second(
                self._operations - operations,
                self._errors - errors,
                share,
                latencies.as_text(seen),
            )
            tell(out, Told(second=second))

    def _take(self, *also: HdrHistogram) -> None:
        """Count what came since the last time."""
        for name, taken in self._recorder.latencies.items():
            if taken:
                whole = self._whole.setdefault(name, latencies.histogram())
                latencies.count(taken, whole, *also)
                self._operations += len(taken)
                del taken[:]
        self._errors = self._recorder.errors

    async def _finish(self) -> None:
        """Wait a little for what is under way, then give it up; write what there is."""
        end = time.monotonic() + (0.0 if self.failure else GRACE)
        while any(user.is_busy for user in self._users) and time.monotonic() < end:
            await asyncio.sleep(SWEEP / 10)
        left = [task for user in self._users if user.is_busy and (task := user.give_up())]
        await asyncio.gather(*left, return_exceptions=True)
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


def tell(out: TextIO, said: Told) -> None:
    """A line; who does not listen any more will close stdin, too."""
    try:
        out.write(msgspec.json.encode(said).decode() + "\n")
        out.flush()
    except BrokenPipeError:
        pass


async def main(out: TextIO = sys.stdout) -> None:
    """Read what to do, do it, and tell of it."""
    lines = asyncio.StreamReader(limit=2**28)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    spec = msgspec.json.decode(await lines.readline(), type=Spec)
    generator = Generator(spec)
    tell(out, Told())
    at = await lines.readline()
    if not at:
        return
    watch = asyncio.create_task(_watch(lines, generator.stopped))
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED)
    end = await generator.run(float(at), out)
    watch.cancel()
    tell(out, Told(end=end))


async def _watch(lines: asyncio.StreamReader, stopped: asyncio.Event) -> None:
    await lines.read()
    stopped.set()
