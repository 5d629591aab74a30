"""Those who wait for room at a full backend, the first to come the first to go. Decisions only.

Each backend has a queue of the clients that are pinned to it, each service one of all the others.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol


class Waiting(Protocol):
    """Who waits; `queue` is where, None when it does not."""

    queue: Queue | None

    def wake(self) -> bool:
        """There may be room; False when it waits no longer."""
        ...


class Queue(OrderedDict[Waiting, None]):
    """A dictionary, so that who gives up need not be looked for, and an empty one is false."""

    __slots__ = ()

    def join(self, who: Waiting, most: int) -> bool:
        """Wait behind the others; False when that many do already."""
        if len(self) >= most:
            return False
        self[who] = None
        who.queue = self
        return True

    def leave(self, who: Waiting) -> None:
        """Wait no longer."""
        self.pop(who, None)
        who.queue = None

    def take(self) -> Waiting:
        """Remove and return the first. Raises KeyError when nobody waits."""
        return self.popitem(last=False)[0]

    def wake_first(self) -> bool:
        """Wake the first who still waits; False when there is none."""
        while self:
            if self.take().wake():
                return True
        return False

    def move_to(self, other: Queue) -> None:
        """Have all wait there, behind those who do."""
        for who in self:
            who.queue = other
        other.update(self)
        self.clear()
