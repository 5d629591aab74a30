"""Standard input, output and error, such as the program was started with."""

from __future__ import annotations

import io
import os
import sys


def make_usable() -> None:
    """Have all three, and let neither output end the program for a character it can't show.

    A descriptor that was closed would be given to the next file or socket that is opened, and
    whoever prints would print into it.
    """
    while (null := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  standard error's
        pass
    os.close(null)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115  a descriptor
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
