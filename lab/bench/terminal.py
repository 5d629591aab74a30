"""A terminal whose keys are taken one by one, with a prompt below the lines that scroll by."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import termios
import tty
from typing import TYPE_CHECKING, Any

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sessionlab.lab.bench.keys import Keys

ERASE = "\r\x1b[K"  # ECMA-48: to the line's beginning, and what is there goes


class Terminal:
    """Shows lines above a prompt, if there is one, and takes keys where somebody can press them.

    `rendered` makes of a line what is written; `write` is told it, and says whether it took it.
    """

    def __init__(self, rendered: Callable[[Text], str], write: Callable[[str], bool]) -> None:
        self._rendered = rendered
        self._write = write
        self._prompt = ""
        self._missed = 0
        self._keys: Keys | None = None
        self._is_in_front = False
        self._before: list[Any] = []

    def show(self, line: Text) -> None:
        """Lines that are not taken are counted, and that is said with the next that is."""
        shown = self._rendered(line)
        if self._missed:
            shown = self._rendered(Text(f"… {self._missed} more, not read in time", "dim")) + shown
        if self._write(f"{ERASE if self._prompt else ''}{shown}{self._prompt}"):
            self._missed = 0
        else:
            self._missed += 1

    @property
    def has_keys(self) -> bool:
        """Whether somebody sits here."""
        return sys.stdin.isatty() and sys.stdout.isatty() and _is_in_front()

    @contextlib.contextmanager
    def taking(self, keys: Keys) -> Iterator[None]:
        """Give them what is pressed; afterwards the terminal is as it was."""
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            yield
            return
        loop, blocks = asyncio.get_running_loop(), os.get_blocking(0)
        self._keys = keys
        self._begin()
        loop.add_signal_handler(signal.SIGCONT, self._begin)
        try:
            yield
        finally:
            self._keys = None
            loop.remove_signal_handler(signal.SIGCONT)
            loop.remove_reader(0)
            self._ask("")
            if self._before and _is_in_front():
                os.set_blocking(0, blocks)
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(0, termios.TCSANOW, self._before)

    def look(self) -> None:
        """Take the keys or leave them, as the shell's `fg` gives and its Ctrl-Z takes them."""
        if self._keys and _is_in_front() != self._is_in_front:
            self._begin()

    def _begin(self) -> None:
        """Also after Ctrl-Z and `fg`: the shell sets the terminal as it likes it."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(0)
        self._is_in_front = _is_in_front()
        if self._is_in_front:
            with contextlib.suppress(termios.error):
                self._before = self._before or termios.tcgetattr(0)
                tty.setcbreak(0, termios.TCSANOW)
            loop.add_reader(0, self._read)
            self._ask(self._prompt)

    def _read(self) -> None:
        typed = b""
        with contextlib.suppress(OSError):
            typed = os.read(0, 4096)
        if typed and self._keys:
            self._keys.press(typed.decode(errors="replace"))
            self._ask(self._keys.prompt[: shutil.get_terminal_size().columns - 1])
        else:  # it was closed
            asyncio.get_running_loop().remove_reader(0)

    def _ask(self, prompt: str) -> None:
        """Show that prompt instead of the one that is there."""
        if text := (ERASE if self._prompt else "") + prompt:
            self._write(text)
        self._prompt = prompt


def _is_in_front() -> bool:
    """Whether the terminal is ours: a background job that reads or sets it is stopped for that."""
    with contextlib.suppress(OSError):
        return os.tcgetpgrp(0) == os.getpgrp()
    return False
