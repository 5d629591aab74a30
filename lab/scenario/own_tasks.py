"""The tasks that a story makes itself (`asyncio.create_task(cluster.stop("n1"))`).

One that nobody awaits is a step whose end nobody saw: what is claimed may lie before it or behind.
So it must be over when a cluster's block ends, and when the story does, and may not have failed.
What was done by then is fine, awaited or not, and so is what was cancelled.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_ASYNCIO = os.path.dirname(asyncio.__file__) + os.sep  # noqa: PTH120  as frames have it: a string
LATE = "was not awaited, and still ran at the end"


class OwnTask(asyncio.Task[Any]):
    """Knows where it was made, whether anybody waits for it, and if it outlived a cluster."""

    place: tuple[str, int]
    _seen = False
    _outlived = False

    def __await__(self) -> Generator[Any, None, Any]:
        self._seen = True
        return super().__await__()

    __iter__ = __await__

    def add_done_callback(self, *args: Any, **options: Any) -> None:
        """Who waits for several at once is called back."""
        self._seen = True
        super().add_done_callback(*args, **options)

    def block_ends(self) -> None:
        """A cluster is about to be cleared away, which would give it the time to be done."""
        self._outlived = self._outlived or not self.done()

    def fault(self) -> str:
        """What is wrong with it when the story has ended, if anything."""
        if not self.done():
            return LATE
        if self._seen or self.cancelled():
            return ""
        if self._outlived:
            return LATE
        error = self.exception()
        return "" if error is None else f"was not awaited, and failed: {error}"


def collect_tasks(of: Callable[[str], list[OwnTask] | None]) -> Callable[[], None]:
    """Keep the tasks that code of a story's makes; returns what ends that.

    `of` gives the list to keep those in that code in a file makes, None where it is no story's.
    """
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()

    def make(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Future[Any]:
        frame = sys._getframe(1)  # noqa: SLF001  as `warnings` does it
        while frame.f_code.co_filename.startswith(_ASYNCIO) and frame.f_back:
            frame = frame.f_back
        own = of(frame.f_code.co_filename)
        if own is None:
            if before is None:
                return asyncio.Task(coro, loop=loop, **options)
            return before(loop, coro, **options)
        task = OwnTask(coro, loop=loop, **options)
        task.place = (frame.f_code.co_filename, frame.f_lineno)
        own.append(task)
        return task

    loop.set_task_factory(make)
    return lambda: loop.set_task_factory(before)
