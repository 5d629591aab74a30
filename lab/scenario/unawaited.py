"""Finds the `await` that a story forgot: a step that was never taken, and would pass unseen.

So would a block that is made and not entered, where an `async with` was forgotten.

Python tells of a coroutine that was never awaited when it is thrown away, by a RuntimeWarning that
names where it was made (`sys.set_coroutine_origin_tracking_depth`). Those that something still
holds when the story ends are looked for among all objects.
"""

from __future__ import annotations

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
from types import CoroutineType
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WARNING = "coroutine '.*' was never awaited"
_ORIGIN = re.compile(r'\n  File "(?P<file>.+)", line (?P<line>\d+), in ')
_OUR_OWN = os.path.dirname(__file__)  # noqa: PTH120  as frames have it: a string
_NOBODY_S = (_OUR_OWN, *{sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Forgotten(NamedTuple):
    """Where a coroutine was made that nobody awaited, or a block that nobody entered."""

    file: str
    line: int
    done: str = "awaited"
    by: str = "await"

    def __str__(self) -> str:
        code = linecache.getline(self.file, self.line).strip()
        where = f"{_near(self.file)}:{self.line}"
        return f"{where}: `{code}` was never {self.done}, so it was not done"


class Block(Protocol):
    """What does something as long as an `async with` lasts."""

    @property
    def entered(self) -> bool: ...


class Watch:
    """What one story, whose source is `file`, has forgotten; each place once, in their order."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[Forgotten, None] = {}
        self._blocks: list[tuple[Forgotten, Block]] = []

    def __iter__(self) -> Iterator[Forgotten]:
        return iter(self._found)

    def add(self, place: Forgotten) -> bool:
        """Note it, unless it is in code that is not the story's own."""
        if place.file != self.file and place.file.startswith(_NOBODY_S):
            return False
        self._found[place] = None
        return True

    def expect(self, place: Forgotten, block: Block) -> None:
        """It must have been entered when the story ends."""
        self._blocks.append((place, block))

    def look_at_blocks(self) -> None:
        for place, block in self._blocks:
            if not block.entered:
                self.add(place)


B = TypeVar("B", bound=Block)

_telling: ContextVar[Watch | None] = ContextVar("watch", default=None)
_open: list[Watch] = []
_undo: list[Callable[[], object]] = []


def to_be_entered(block: B) -> B:
    """The same block; whoever called our caller has to enter it."""
    if watch := _telling.get():
        frame = sys._getframe(2)  # noqa: SLF001  as `warnings` does it
        place = Forgotten(frame.f_code.co_filename, frame.f_lineno, "entered", "async with")
        watch.expect(place, block)
    return block


@contextmanager
def watching(story: Callable[..., object]) -> Iterator[Watch]:
    """Watch over one story, and the tasks that it makes; others may be told at the same time."""
    code = getattr(inspect.unwrap(story), "__code__", None)
    watch = Watch(code.co_filename if code else "")
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
        if all(other.file != watch.file for other in _open):  # else it may be about to be awaited
            _look_for_held(watch)
        if not _open:
            _undo.pop()()


def _listen() -> None:
    """Hear what Python says of coroutines, whatever filters there are, and let the rest pass."""
    depth = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(max(1, depth))
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
        places = _ORIGIN.findall(str(message)) if category is RuntimeWarning else []
        if not places or not _note(Forgotten(places[-1][0], int(places[-1][1]))):
            show(message, category, filename, lineno, file, line)

    def undo() -> None:
        filters.__exit__(None, None, None)
        sys.set_coroutine_origin_tracking_depth(depth)

    warnings.showwarning = hear
    _undo.append(undo)


def _note(place: Forgotten) -> bool:
    """Note it for the story in whose source it is; else for the one that is being told here."""
    # The garbage collector throws away what is another story's, too.
    here = _telling.get()
    of_that_file = [watch for watch in _open if watch.file == place.file]
    watch = here if here in of_that_file or not of_that_file else of_that_file[0]
    return watch is not None and watch.add(place)


def _look_for_held(watch: Watch) -> None:
    for held in gc.get_objects():
        if not isinstance(held, CoroutineType) or held.cr_origin is None:
            continue
        file, line, _ = held.cr_origin[0]
        if file == watch.file and inspect.getcoroutinestate(held) == inspect.CORO_CREATED:
            watch.add(Forgotten(file, line))
            held.close()  # or it would be told again, when it goes


def _near(file: str) -> str:
    """The path from here, where that is shorter."""
    return min(file, os.path.relpath(file), key=len)
