"""What this machine may have no more of, and what helps: no server can be blamed for that."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from sessionlab.lab.errors import NothingShown

if TYPE_CHECKING:
    from collections.abc import Mapping

MORE_FILES = "allow this process more open files: ulimit -n 65536"
_FEWER = "let fewer clients ask at a time"
_ROOM = "make room on the disk; TMPDIR says where a run keeps its files while it lasts"
_EXHAUSTED = {
    errno.EMFILE: MORE_FILES,
    errno.ENFILE: "allow this machine more open files: sysctl fs.file-max",
    errno.ENOMEM: _FEWER,
    errno.ENOBUFS: _FEWER,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
}
NO_ADDRESS = {
    errno.EADDRINUSE: f"{_FEWER}, or from more addresses",
    errno.EADDRNOTAVAIL: f"{_FEWER}; an address to come from must be one of this machine's",
}
"""What this machine, not the servers, denies to whoever opens a connection, and what helps."""


def exhausted(problem: Exception) -> NothingShown | None:
    """Whether this machine has no more of what the lab needs, be it descriptors, memory or disk."""
    if isinstance(problem, ExceptionGroup):
        return next(filter(None, map(exhausted, problem.exceptions)), None)
    if isinstance(problem, MemoryError):
        return NothingShown("the lab has no memory left", _FEWER)
    return denied(problem, _EXHAUSTED)


def denied(problem: Exception, hints: Mapping[int, str]) -> NothingShown | None:
    hint = hints.get(problem.errno or 0) if isinstance(problem, OSError) else None
    return NothingShown(f"the lab could not go on: {problem}", hint) if hint else None
