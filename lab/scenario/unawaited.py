"""Finds the `await` that a story forgot: a step that was never taken, and would pass unseen.

So would a block that is made and not entered, where an `async with` was forgotten, and a task that
outlives what it is about (see `own_tasks`).

Python tells of a coroutine that was never awaited when it is thrown away, by a RuntimeWarning that
names where it was made (`sys.set_coroutine_origin_tracking_depth`). Those that something still
holds when the story ends are looked for among all objects.

Whose it is, of several stories that are told side by side, is told by the lines: those of the
story's own function, else those that called there. Where several could have made it, as one story
told twice, or a function beside two stories in a task of its own, it is nobody's until the last of
them ends, and then that one's.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import linecache
import os
import re
import sys
import sysconfig
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType, CoroutineType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO, TypeVar

from sessionlab.lab.scenario.own_tasks import OwnTask, collect_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_WARNING = "coroutine '.*' was never awaited"
_ORIGIN = re.compile(r'\n  File "(?P<file>.+)", line (?P<line>\d+), in ')
_OUR_OWN = os.path.dirname(__file__)  # noqa: PTH120  as frames have it: a string
_LAB = os.path.dirname(_OUR_OWN) + os.sep  # noqa: PTH120
_CALLERS = 6  # of where a coroutine was made, to find the story among them
_ENDING_S = 10.0
_NOBODY_S = (_OUR_OWN, *{sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Forgotten(NamedTuple):
    """Where a coroutine was made that nobody awaited, or a block that nobody entered."""

    file: str
    line: int
    what: str = "was never awaited, so it was not done"
    by: str = "await"

    def __str__(self) -> str:
        code = linecache.getline(self.file, self.line).strip()
        where = f"{_near(self.file)}:{self.line}"
        return f"{where}: `{code}` {self.what}"


class Block(Protocol):
    """What does something as long as an `async with` lasts."""

    @property
    def entered(self) -> bool: ...


class Watch:
    """What one story, whose source is `file`, has forgotten; each place once, in their order."""

    def __init__(self, code: CodeType | None) -> None:
        self.file = code.co_filename if code else ""
        self._lines = _lines(code) if code else range(0)
        self._found: dict[Forgotten, None] = {}
        self._blocks: list[tuple[Forgotten, Block]] = []
        self.tasks: list[OwnTask] = []

    def holds(self, file: str, line: int) -> bool:
        """Whether that is in the story's own function."""
        return file == self.file and line in self._lines

    def __iter__(self) -> Iterator[Forgotten]:
        return iter(self._found)

    def add(self, place: Forgotten) -> bool:
        """Note it, unless it is in code that is not the story's own."""
        if not self.may_be_own(place.file):
            return False
        self._found[place] = None
        return True

    def may_be_own(self, file: str) -> bool:
        return file == self.file or not file.startswith(_NOBODY_S)

    def expect(self, place: Forgotten, block: Block) -> None:
        """It must have been entered when the story ends."""
        self._blocks.append((place, block))

    def look_at_blocks(self) -> None:
        for place, block in self._blocks:
            if not block.entered:
                self.add(place)

    def look_at_tasks(self) -> None:
        """The story was told to its end, so all that it began must have come to one."""
        for task in self.tasks:
            if fault := task.fault():
                self.add(Forgotten(*task.place, fault))

    async def end_tasks(self) -> None:
        """Let nothing of it go on beside the stories that follow."""
        if running := [task for task in self.tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=_ENDING_S)


B = TypeVar("B", bound=Block)

_telling: ContextVar[Watch | None] = ContextVar("watch", default=None)
_open: list[Watch] = []
_undo: list[Callable[[], object]] = []


def to_be_entered(block: B) -> B:
    """The same block; whoever called our caller has to enter it."""
    if watch := _telling.get():
        frame = sys._getframe(2)  # noqa: SLF001  as `warnings` does it
        what = "was never entered, so it was not done"
        place = Forgotten(frame.f_code.co_filename, frame.f_lineno, what, "async with")
        watch.expect(place, block)
    return block


@contextmanager
def watching(story: Callable[..., object], *, looks_for_held: bool = True) -> Iterator[Watch]:
    """Watch over one story, and the tasks that it makes; others may be told at the same time.

    To look for those that something still holds is not for a process with threads at work: while
    all objects are looked at, CPython raises SystemError for who fills a tuple in another.
    """
    watch = Watch(getattr(inspect.unwrap(story), "__code__", None))
    if not _open:
        _listen()
    _open.append(watch)
    before = _telling.set(watch)
    try:
        yield watch
    finally:
        watch.look_at_blocks()
        _telling.reset(before)
        _open.remove(watch)
        if looks_for_held:
            _look_for_held(watch)
        if not _open:
            _undo.pop()()


def _listen() -> None:
    """Hear what Python says of coroutines, whatever filters there are, and let the rest pass."""
    depth = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(max(_CALLERS, depth))
    filters = warnings.catch_warnings()
    filters.__enter__()
    warnings.filterwarnings("always", _WARNING, RuntimeWarning)
    show = warnings.showwarning

    def hear(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        found = _ORIGIN.findall(str(message)) if category is RuntimeWarning else []
        if not found or not _note([(name, int(number)) for name, number in reversed(found)]):
            show(message, category, filename, lineno, file, line)

    undo_tasks = collect_tasks(_tasks_of)

    def undo() -> None:
        undo_tasks()
        filters.__exit__(None, None, None)
        sys.set_coroutine_origin_tracking_depth(depth)

    warnings.showwarning = hear
    _undo.append(undo)


def block_ends() -> None:
    """A cluster of the story that is told here is about to be cleared away."""
    if watch := _telling.get():
        for task in watch.tasks:
            task.block_ends()


def _tasks_of(file: str) -> list[OwnTask] | None:
    watch = _telling.get()
    own = watch is not None and watch.may_be_own(file)
    return watch.tasks if watch and own and not file.startswith(_LAB) else None


def _note(origin: Sequence[tuple[str, int]]) -> bool:
    """Note it for the story that made it; for the one that is being told here if none is known."""
    # The garbage collector throws away what is another story's, too.
    here = _telling.get()
    whose = _makers(origin, _open)
    watch = here if here in whose or not whose else whose[0]
    return watch is not None and watch.add(Forgotten(*origin[0]))


def _makers(origin: Sequence[tuple[str, int]], watches: Sequence[Watch]) -> list[Watch]:
    """The stories that may have made it: by its lines and its callers', else by its file."""
    for place in origin:
        if found := [watch for watch in watches if watch.holds(*place)]:
            return found
    files = {file for file, _ in origin}
    return [watch for watch in watches if watch.file in files]


def _look_for_held(watch: Watch) -> None:
    """What only one that has ended can have made; others may be about to await theirs."""
    for held in gc.get_objects():
        if not isinstance(held, CoroutineType) or held.cr_origin is None:
            continue
        origin = [(file, line) for file, line, _ in held.cr_origin]
        if _makers(origin, [watch, *_open]) == [watch] and _is_new(held):
            watch.add(Forgotten(*origin[0]))
            held.close()  # or it would be told again, when it goes


def _is_new(held: CoroutineType[Any, Any, Any]) -> bool:
    return inspect.getcoroutinestate(held) == inspect.CORO_CREATED


def _lines(code: CodeType) -> range:
    """Those of a function with the ones inside it."""
    within = [_lines(inner) for inner in code.co_consts if isinstance(inner, CodeType)]
    own = [line for _, _, line in code.co_lines() if line]
    return range(code.co_firstlineno, max([*own, *(lines.stop - 1 for lines in within)]) + 1)


def _near(file: str) -> str:
    """The path from here, where that is shorter."""
    return min(file, os.path.relpath(file), key=len)
