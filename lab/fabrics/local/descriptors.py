"""How many files and sockets each process of a run may have open: what a client is served with."""

from __future__ import annotations

import contextlib
import resource

from sessionlab.lab.errors import StartError

ENOUGH, AMPLE = 1024, 10_240  # the usual limit; the most that macOS gives


def allow_enough() -> None:
    """Raise this process's limit as far as it may be, which its parts inherit.

    A part that has none left refuses users, and they would be judged by that. Raises StartError
    where it stays below the usual.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = AMPLE if hard == resource.RLIM_INFINITY else min(hard, AMPLE)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    if soft != resource.RLIM_INFINITY and soft < ENOUGH:
        raise StartError(
            f"a process may have {soft} open files here, and the parts need {ENOUGH}",
            f"allow more: ulimit -n {AMPLE}",
        )
