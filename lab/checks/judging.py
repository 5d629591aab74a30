"""Every check on a stored history: each shard is looked at by itself, in several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.lab.checks.interface import About, Finding
    from sessionlab.lab.record.packed.reader import Stored


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
    raise NotImplementedError
