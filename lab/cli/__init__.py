"""The command `sessionlab`."""

from __future__ import annotations

import gc
import os
import signal
import sys

INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Load the command, run it, and end the process with its status.

    What is loaded stays, so it is not looked through for garbage, neither meanwhile nor ever: that
    is a tenth of the time that it takes to start. Ctrl-C meanwhile has nothing to clear away.
    """
    gc.disable()
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from sessionlab.lab.cli import app  # noqa: PLC0415  not before the line above

    app.load(sys.argv[1:])
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGINT, before)
    app.main()


__all__ = ["main"]
