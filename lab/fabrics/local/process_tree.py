"""Processes and what they have begun, as the kernel tells it (`/proc`, so on Linux)."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

PROC = Path("/proc")
_PARENT, _STARTED = 1, 19  # of the fields after the name, see proc_pid_stat(5)


def descendants(pid: int, but: Collection[int] = ()) -> list[int]:
    """All that a process has begun and that still runs, itself left out; the eldest first.

    What `but` names is left out, with all below it.
    """
    children: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                children[int(fields[_PARENT])].append((int(fields[_STARTED]), int(entry.name)))
    found: list[int] = []
    ahead = [pid]
    for one in ahead:
        own = [child for _, child in sorted(children[one]) if child not in but]
        found += own
        ahead += own
    return found


def own_children() -> set[int] | None:
    """The children of this process's only thread; None where the kernel does not tell."""
    with contextlib.suppress(OSError):
        return {int(pid) for pid in (PROC / "thread-self" / "children").read_text().split()}
    return None
