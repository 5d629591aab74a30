"""Starting the parts of one cluster and watching over them while they come up."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from typing import TYPE_CHECKING

from sessionlab.lab.clients.spellings import without
from sessionlab.lab.engine.exhaustion import MORE_FILES
from sessionlab.lab.errors import NothingShown, StartError, StepError
from sessionlab.lab.record.printable import printable
from sessionlab.lab.waiting import Condition, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

    from sessionlab.lab.fabrics.interface import Part, Sandbox

START_SECONDS = 60.0  # a part that dies is an error at once; one on a busy machine is just slow
STOP_SECONDS = 30.0
LAST_LINES = 8
EXHAUSTED = os.strerror(errno.EMFILE)  # as HAProxy, nginx and Redis say it too


class Parts:
    """The processes of one cluster. A part that dies while it is awaited is an error at once."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._told_to_end: set[str] = set()
        self.before_kill: Callable[[str], Awaitable[None]] | None = None
        self.hidden: Callable[[], Iterable[str]] = tuple
        """What nobody is to read in what a part has printed."""

    async def start(self, part: Part, ready: Condition, seconds: float = START_SECONDS) -> None:
        """Start a part and return when it is ready; raises StartError with its last lines."""
        await self._sandbox.start(part)
        await self.wait_for(part.name, ready, f"{part.name} to be ready", seconds)
        self._told_to_end.discard(part.name)

    async def wait_for(
        self, name: str, true: Condition, what: str, seconds: float = START_SECONDS
    ) -> None:
        """Wait until something is true of a running part."""

        async def alive_and_true() -> bool:
            if (ended := self.end_of(name)) is not None:
                raise ended
            return await true()

        try:
            await until(what, alive_and_true, seconds=seconds)
        except StepError as error:
            raise StartError(f"{error}{self._last_lines(name)}") from None

    def end_of(self, name: str) -> StartError | None:
        """How a part ended, with its last lines; None while it runs."""
        status = self._sandbox.ended(name)
        if status is None:
            return None
        return StartError(f"{name} ended {how_ended(status)}{self._last_lines(name)}")

    def died(self, name: str) -> int | None:
        """The exit status of a part that has ended by itself."""
        return None if name in self._told_to_end else self._sandbox.ended(name)

    async def end(self, name: str, signum: signal.Signals) -> None:
        """Send a signal that ends the part, and wait until it is gone."""
        if self._sandbox.ended(name) is not None:
            raise StepError(f"{name} is not running")
        self._told_to_end.add(name)
        if signum == signal.SIGKILL and self.before_kill:
            await self.before_kill(name)
        await self._sandbox.signal(name, signum)
        if not await self._is_gone(name, STOP_SECONDS):
            raise StepError(
                f"{name} still runs {STOP_SECONDS:g} s after {signum.name}{self._last_lines(name)}"
            )

    async def stop(self, name: str, signum: signal.Signals, seconds: float) -> bool:
        """Ask the part to end, and kill it after so many seconds; whether that was called for."""
        if self._sandbox.ended(name) is not None:
            raise StepError(f"{name} is not running")
        self._told_to_end.add(name)
        await self._sandbox.signal(name, signum)
        if await self._is_gone(name, seconds):
            return False
        await self.end(name, signal.SIGKILL)
        return True

    async def done(self, part: Part, seconds: float) -> None:
        """Run a part to its end; raises StartError with its last lines unless that was good."""
        self._told_to_end.add(part.name)
        await self._sandbox.start(part)
        if not await self._is_gone(part.name, seconds):
            await self.end(part.name, signal.SIGKILL)
            raise StartError(f"{part.name} took over {seconds:g} s{self._last_lines(part.name)}")
        if self._sandbox.ended(part.name) and (ended := self.end_of(part.name)):
            raise ended

    async def _is_gone(self, name: str, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._sandbox.gone(name)
                return True
        return False

    def shown(self, text: str) -> str:
        """What a part has printed, without what nobody is to read."""
        for secret in self.hidden():
            text = without(text, secret, "***")
        return text

    def _last_lines(self, name: str) -> str:
        lines = _words(printable(self.shown(self._sandbox.log(name))).strip())[-LAST_LINES:]
        return "; its last lines:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def _words(log: str) -> list[str]:
    """Its lines without those of an access log, which hold what strangers have typed."""
    return [line for line in log.splitlines() if not line.startswith('{"')]


def how_ended(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"


def check_logs(logs: Mapping[str, str], lost: Collection[str] = ()) -> None:
    """Raise NothingShown when a part says that it ran out of descriptors, or links were `lost`.

    That is this machine's doing: whoever it could not serve has shown nothing.
    """
    starved = [n for n, said in logs.items() if any(EXHAUSTED in line for line in _words(said))]
    if starved:
        raise NothingShown(f"{', '.join(starved)} had too few open files", MORE_FILES)
    if lost:
        raise NothingShown(f"{', '.join(lost)} ended, which the lab had put in the path")
