"""Standard output, as long as somebody takes what is written there."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Any, NoReturn

from rich.console import Console

from sessionlab.lab.errors import NothingShown


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

    def on_broken_pipe(self) -> NoReturn:
        """Rich would end the program here."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
