"""Idle connections to one backend, the last used first (it is the least likely to be stale).

Decisions only: methods return the connections to close, and the caller closes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio


class Idle(Protocol):
    """What can wait in a pool."""

    idle_since: float
    transport: asyncio.Transport


Connection = TypeVar("Connection", bound=Idle)


class Pool(Generic[Connection]):
    """A stack of idle connections."""

    __slots__ = ("idle",)

    def __init__(self) -> None:
        self.idle: list[Connection] = []

    def take_fresh(self, since: float) -> Connection | None:
        """A connection used at `since` or later, for a request that can't be sent twice."""
        if self.idle and self.idle[-1].idle_since >= since:
            return self.idle.pop()
        return None

    def discard(self, connection: Connection) -> None:
        """Forget a connection that the backend closed."""
        if connection in self.idle:
            self.idle.remove(connection)

    def expire(self, before: float) -> list[Connection]:
        """Forget and return the connections idle since before then."""
        old = [c for c in self.idle if c.idle_since < before]
        if old:
            self.idle = [c for c in self.idle if c.idle_since >= before]
        return old

    def clear(self) -> list[Connection]:
        """Forget and return all of them."""
        old, self.idle = self.idle, []
        return old
