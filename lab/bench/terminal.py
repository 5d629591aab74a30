"""A terminal whose keys are taken one by one, with a prompt below the lines that scroll by."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import sys
import termios
import tty
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.bench.keys import Keys
    from sessionlab.lab.bench.lines import Line

ERASE = "\r\x1b[K"  # ECMA-48: to the line's beginning, and what is there goes


class Terminal:
    """Shows lines with `show`. Inside `with` it takes keys, where there is a person to press them.

    The terminal is as it was, however the program ends, kill -9 left aside.
    """

    def __init__(self, show: Callable[[Line], None]) -> None:
        self._show = show
        self._keys: Keys | None = None
        self._before: list[Any] | None = None
        self._prompt = ""

    def show(self, line: Line) -> None:
        """Above the prompt, if there is one."""
        self._write(ERASE if self._prompt else "")
        self._show(line)
        self._write(self._prompt)

    def take(self, keys: Keys) -> Self:
        self._keys = keys
        return self

    def __enter__(self) -> Self:
        if self.has_keys:
            self._before = termios.tcgetattr(0)
            atexit.register(self._restore)
            self._take_keys()
            asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._again)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(0)
            loop.remove_signal_handler(signal.SIGCONT)
            self._write(ERASE if self._prompt else "")
            self._prompt = ""
            self._restore()

    @property
    def has_keys(self) -> bool:
        """Whether somebody sits here."""
        return sys.stdin.isatty() and sys.stdout.isatty() and _is_in_front()

    def _read(self) -> None:
        try:
            typed = os.read(0, 1024)
        except OSError:
            typed = b""
        if not typed:  # it was closed
            asyncio.get_running_loop().remove_reader(0)
        elif self._keys is not None:
            self._keys.press(typed.decode(errors="replace"))
            self._write(ERASE if self._prompt else "")
            self._prompt = self._keys.prompt[: shutil.get_terminal_size().columns - 1]
            self._write(self._prompt)

    def _again(self) -> None:
        """After Ctrl-Z the shell has set the terminal as it likes it; after `bg` it keeps it."""
        if _is_in_front():
            self._take_keys()
            self._write(self._prompt)
        else:
            asyncio.get_running_loop().remove_reader(0)

    def _take_keys(self) -> None:
        with contextlib.suppress(termios.error):
            tty.setcbreak(0, termios.TCSANOW)
        asyncio.get_running_loop().add_reader(0, self._read)

    def _restore(self) -> None:
        if self._before is not None:
            if _is_in_front():
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(0, termios.TCSANOW, self._before)
            self._before = None
            atexit.unregister(self._restore)

    def _write(self, text: str) -> None:
        if text:
            with contextlib.suppress(OSError):
                sys.stdout.write(text)
                sys.stdout.flush()


def _is_in_front() -> bool:
    """Whether the terminal is ours: a background job that reads or sets it is stopped for that."""
    with contextlib.suppress(OSError):
        return os.tcgetpgrp(0) == os.getpgrp()
    return False
