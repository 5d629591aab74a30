"""Every check on a stored history: each shard is looked at by itself, in several processes."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING

from sessionlab.lab.checks import CHECKS, columns
from sessionlab.lab.checks.sessions import sessions
from sessionlab.lab.errors import NothingShown
from sessionlab.lab.record.packed.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sessionlab.lab.checks.interface import About, Finding, Part
    from sessionlab.lab.record.packed.reader import ShardName, Stored
    from sessionlab.lab.record.packed.shard import Shard

FEW = 200_000  # operations that one process has judged before others have started


def judge(
    stored: Stored,
    about: About,
    checks: Sequence[str] = (),
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """What these checks say (all, when none is named); `progress` is told shards done, and of.

    Raises UsageError for a check that there is none of, NothingShown when a process ended early.
    """
    found = look(stored, about, checks, processes, progress)
    return [CHECKS.named(name).judge(parts, about) for name, parts in found.items()]


def look(
    stored: Stored,
    about: About,
    checks: Sequence[str] = (),
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, list[Part]]:
    """What each check has seen in each shard, in the order of the shards; else as `judge`."""
    names = list(checks or CHECKS.usable())
    for name in names:
        CHECKS.named(name)
    seen: list[list[Part]] = []
    for of_shard in _looks(stored, about, names, processes):
        seen.append(of_shard)
        if progress:
            progress(len(seen), len(stored.shards()))
    return {name: [of_shard[n] for of_shard in seen] for n, name in enumerate(names)}


def _looks(stored: Stored, about: About, names: list[str], processes: int) -> Iterator[list[Part]]:
    shards = stored.shards()
    if processes == 1 or len(shards) == 1 or stored.operations < FEW:
        yield from (_look(shard, about, names) for shard in shards)
        return
    pool = ProcessPoolExecutor(min(processes, len(shards)), get_context("forkserver"), _obey)
    try:
        # One at a time: each process holds the shard that it looks at, and no other.
        yield from pool.map(_look, shards, [about] * len(shards), [names] * len(shards))
    except BrokenProcessPool:
        raise NothingShown(
            "a process that judged the history ended early, perhaps for want of memory",
            "try --processes 1",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _obey() -> None:
    """Ctrl-C is for the process that has asked; once that is gone, this one is of no use."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _look(name: ShardName | Shard, about: About, names: Sequence[str]) -> list[Part]:
    """What they see in it; what they have kept of it for each other is of no use afterwards."""
    try:
        shard = read(name)
        return [CHECKS[check].look(shard, about) for check in names]
    finally:
        columns.forget()
        sessions.cache_clear()
