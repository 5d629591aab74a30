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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.text import Text

    from sessionlab.lab.bench.keys import Keys

ERASE = "\r\x1b[K"  # ECMA-48: to the line's beginning, and what is there goes


class Terminal:
    """Shows lines above a prompt, if there is one, and takes keys where somebody can press them."""

    def __init__(self, show: Callable[[Text], None]) -> None:
        self._show = show
        self._prompt = ""

    def show(self, line: Text) -> None:
        prompt = self._prompt
        self._ask("")
        self._show(line)
        self._ask(prompt)

    @property
    def has_keys(self) -> bool:
        """Whether somebody sits here."""
        return sys.stdin.isatty() and sys.stdout.isatty() and _is_in_front()

    @contextlib.contextmanager
    def taking(self, keys: Keys) -> Iterator[None]:
        """Give them what is pressed; afterwards the terminal is as it was."""
        if not self.has_keys:
            yield
            return
        loop = asyncio.get_running_loop()
        before = termios.tcgetattr(0)

        def read() -> None:
            typed = b""
            with contextlib.suppress(OSError):
                typed = os.read(0, 1024)
            if typed:
                keys.press(typed.decode(errors="replace"))
                self._ask(keys.prompt[: shutil.get_terminal_size().columns - 1])
            else:  # it was closed
                loop.remove_reader(0)

        def begin() -> None:
            """At first and, as the shell sets it as it likes it, after Ctrl-Z; not after `bg`."""
            loop.remove_reader(0)
            if _is_in_front():
                with contextlib.suppress(termios.error):
                    tty.setcbreak(0, termios.TCSANOW)
                loop.add_reader(0, read)
                self._ask(self._prompt)

        begin()
        loop.add_signal_handler(signal.SIGCONT, begin)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGCONT)
            loop.remove_reader(0)
            self._ask("")
            if _is_in_front():
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(0, termios.TCSANOW, before)

    def _ask(self, prompt: str) -> None:
        """Show that prompt instead of the one that is there."""
        if text := (ERASE if self._prompt else "") + prompt:
            with contextlib.suppress(OSError):
                sys.stdout.write(text)
                sys.stdout.flush()
        self._prompt = prompt


def _is_in_front() -> bool:
    """Whether the terminal is ours: a background job that reads or sets it is stopped for that."""
    with contextlib.suppress(OSError):
        return os.tcgetpgrp(0) == os.getpgrp()
    return False
