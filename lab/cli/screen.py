"""Standard output, as long as somebody takes what is written there."""

from __future__ import annotations

import errno
import os
import queue
import select
import signal
import sys
from collections.abc import Iterable
from threading import Thread
from typing import Any, NoReturn, Self

from rich.console import Console
from rich.text import Text

from sessionlab.lab.errors import NothingShown
from sessionlab.lab.reports.glyphs import Glyphs

MOST = 1000  # texts that wait for the reader
LAST = 0.5  # seconds that the last of them get in the end
GONE = select.POLLERR | select.POLLHUP


class ScreenGone(NothingShown):
    """Nothing can be shown any more: the reader has left (`| head -1`), or the disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"standard output takes no more ({error.strerror}), so the run was ended",
            "write the result to a file, with --json, --junit or --out",
        )
        if error.errno == errno.EPIPE:
            self.exit_status = 128 + signal.SIGPIPE


class Screen(Console):
    """A console whose `print` raises ScreenGone; what is printed after that goes nowhere."""

    def print(self, *objects: Any, **options: Any) -> None:
        try:
            super().print(*objects, **options)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, (sys.stderr if self.stderr else sys.stdout).fileno())
            os.close(nowhere)
            raise ScreenGone(error) from None

    def show(self, lines: Iterable[Text], glyphs: Glyphs) -> None:
        """Each on a line of its own, in glyphs that it has."""
        for line in lines:
            self.print(Text(glyphs.clean(line.plain)) if glyphs.ascii else line, soft_wrap=True)

    def on_broken_pipe(self) -> NoReturn:
        """Rich would end the program here."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class Printer:
    """Writes from a thread of its own: a reader who takes nothing stops nobody.

    What is written after its reader has left goes nowhere: see `check`.
    It writes to the descriptor: a thread that is held up inside of `sys.stdout` can't be left
    behind, as Python takes that one's lock when it ends.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._waiting: queue.Queue[bytes] = queue.Queue(MOST)
        self._failed: OSError | None = None
        self._thread = Thread(target=self._print, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.write(""):
            self._thread.join(LAST)

    def write(self, text: str) -> bool:
        """Have it written; False when too many wait already, and then it is not."""
        try:
            self._waiting.put_nowait(text.encode(sys.stdout.encoding, "backslashreplace"))
        except queue.Full:
            return False
        return True

    def check(self) -> None:
        """Raises ScreenGone once nobody can read it any more, also while nothing is written."""
        if self._failed:
            raise ScreenGone(self._failed)
        poll = select.poll()
        poll.register(self._descriptor, 0)
        if any(event & GONE for _, event in poll.poll(0)):
            raise ScreenGone(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))

    def _print(self) -> None:
        try:
            while data := self._waiting.get():
                self._write(data)
        except OSError as error:
            self._failed = error

    def _write(self, data: bytes) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        while data:
            poll.poll()  # a terminal whose keys are awaited may be one that never blocks
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                continue
