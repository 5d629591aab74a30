"""Starting the parts of one cluster and watching over them while they come up."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TypeVar

from sessionlab.lab.errors import FabricLost, LabError, NothingShown, StartError, StepError
from sessionlab.lab.fabrics.interface import Part, Site

START_SECONDS = 60.0  # a part that dies is an error at once; one on a busy machine is just slow
STOP_SECONDS = 30.0  # more than the 10 s that a node may drain
PAUSE = 0.005  # seconds between the first two looks at something that is awaited
SHARE = 0.1  # of the time waited so far, between later ones: looking must not delay what is awaited
MOST = 0.1  # seconds between two looks
LAST_LINES = 8
T = TypeVar("T")

Condition = Callable[[], Awaitable[bool]]


class Parts:
    """The processes of one cluster. A part that dies while it is awaited is an error at once."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def start(self, part: Part, ready: Condition, seconds: float = START_SECONDS) -> None:
        """Start a part and return when it is ready; raises StartError with its last lines."""
        await self._site.start(part)
        await self.wait_for(part.name, ready, f"{part.name} to be ready", seconds)

    async def wait_for(
        self, name: str, true: Condition, what: str, seconds: float = START_SECONDS
    ) -> None:
        """Wait until something is true of a running part."""

        async def alive_and_true() -> bool:
            status = self._site.ended(name)
            if status is not None:
                raise StartError(f"{name} ended {_how(status)}{self._last_lines(name)}")
            return await true()

        try:
            await until(what, alive_and_true, seconds=seconds)
        except StepError as error:
            raise StartError(f"{error}{self._last_lines(name)}") from None

    async def end(self, name: str, signum: signal.Signals) -> None:
        """Send a signal that ends the part, and wait until it is gone."""
        if self._site.ended(name) is not None:
            raise StepError(f"{name} is not running")
        await self._site.signal(name, signum)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._site.gone(name)
        except TimeoutError:
            raise StepError(
                f"{name} still runs {STOP_SECONDS:g} s after {signum.name}{self._last_lines(name)}"
            ) from None

    def _last_lines(self, name: str) -> str:
        lines = self._site.log(name).strip().splitlines()[-LAST_LINES:]
        return "; its last lines:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def pause_after(waited: float) -> float:
    """How long to wait before the next look, in seconds.

    A look is a request, and a container takes a second to answer its first: looked at every 5 ms,
    ten that start at once would cost their own start.
    """
    return min(max(PAUSE, SHARE * waited), MOST)


async def until(what: str, true: Condition, *, seconds: float = 10.0) -> None:
    """Return once `true()` is; raises StepError naming `what` when that takes too long."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            while not await true():
                await asyncio.sleep(pause_after(time.monotonic() - began))
    except TimeoutError:
        raise StepError(f"waited {seconds:g} s in vain for {what}") from None


async def side_by_side(steps: Sequence[Coroutine[object, object, T]]) -> list[T]:
    """Do all steps at once; what they return, in their order.

    The first that fails ends the others, and its error is raised.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(step) for step in steps]
        return [task.result() for task in tasks]
    except BaseExceptionGroup as group:
        # Not `except*`: until Python 3.11.4 what is raised there comes out in a group of its own.
        errors, others = group.split(LabError)
        if errors is None or others is not None:
            raise
        raise _first(errors.subgroup((FabricLost, NothingShown)) or errors) from None


def _first(errors: BaseExceptionGroup[LabError]) -> LabError:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, LabError)  # noqa: S101  the split lets nothing else in
    return found


def _how(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"
