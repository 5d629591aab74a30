"""Waiting: for something to become true, and for several things that are done at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TypeVar

from sessionlab.lab.errors import FabricLost, LabError, NothingShown, StepError

PAUSE = 0.005  # seconds between the first two looks at something that is awaited
SHARE = 0.2  # of the time waited so far, between later ones: looking must not delay what is awaited
MOST = 0.1  # seconds between two looks
T = TypeVar("T")

Condition = Callable[[], Awaitable[bool]]


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
        async with asyncio.timeout(seconds) as limit:
            while not await true():
                await asyncio.sleep(pause_after(time.monotonic() - began))
    except TimeoutError:
        if not limit.expired():
            raise  # it is of something that was asked
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
