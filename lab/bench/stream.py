"""What happens, as server-sent events to all who listen; who is slow misses some, and is told."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MOST = 1000  # events that wait for one listener
BEAT = 15.0  # seconds of silence until a comment shows that the connection lives


@dataclass(slots=True, eq=False)
class Listener:
    """One who listens; `missed` counts what it was too slow for."""

    waiting: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MOST))
    missed: int = 0

    async def heard(self) -> AsyncIterator[bytes]:
        """Events as they are written on the wire, until the stream is closed."""
        while True:
            try:
                async with asyncio.timeout(BEAT):
                    text = await self.waiting.get()
            except TimeoutError:
                text = b": still here\n\n"
            if not text:
                return
            yield text
            if self.missed and self.waiting.empty():
                missed, self.missed = self.missed, 0
                yield _event("missed", {"count": missed})


class Stream:
    """Sends to all who listen, and waits for none."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()

    @contextmanager
    def listener(self) -> Iterator[Listener]:
        self.listeners.add(one := Listener())
        try:
            yield one
        finally:
            self.listeners.discard(one)

    def send(self, kind: str, data: object) -> None:
        text = _event(kind, data)
        for one in self.listeners:
            if one.waiting.full():
                one.missed += 1
            else:
                one.waiting.put_nowait(text)

    def close(self) -> None:
        """Tell all of them that nothing more comes."""
        for one in self.listeners:
            if one.waiting.full():
                one.waiting.get_nowait()
            one.waiting.put_nowait(b"")


def _event(kind: str, data: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
