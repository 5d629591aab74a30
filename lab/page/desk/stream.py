"""What happens, as server-sent events to all who listen; who is slow misses some, and is told."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.page.model.visitors import Rate
from sessionlab.lab.page.seen.sampled import Sampled
from sessionlab.lab.viewer.view import to_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from sessionlab.lab.page.model.visitors import Request

MOST = 1000  # events that wait for one listener
BEAT = 15.0  # seconds of silence until a comment shows that the connection lives


@dataclass(slots=True, eq=False)
class Listener:
    """One who listens, to at most `most` requests a second; `missed` counts what came too fast."""

    most: int | None = None
    waiting: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MOST))
    missed: int = 0
    sampled: Sampled = field(init=False)

    def __post_init__(self) -> None:
        self.sampled = Sampled(self.most)

    def put(self, text: bytes) -> None:
        """Have it wait, unless too many wait already."""
        if self.waiting.full():
            self.missed += 1
        else:
            self.waiting.put_nowait(text)

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
                yield event("missed", {"count": missed})


class Stream:
    """Sends to all who listen, and waits for none."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()

    @contextmanager
    def listener(self, most: int | None = None) -> Iterator[Listener]:
        self.listeners.add(one := Listener(most))
        try:
            yield one
        finally:
            self.listeners.discard(one)

    def send(self, kind: str, data: object) -> None:
        text = event(kind, data) if self.listeners else b""
        for one in self.listeners:
            one.put(text)

    def send_requests(self, requests: Sequence[Request], now: float) -> None:
        """To each as many as it wants; to be called again and again, also with none."""
        made: dict[int, bytes] = {}
        for listener in self.listeners:
            for one in listener.sampled.of(requests, now):
                kind = "rate" if isinstance(one, Rate) else "request"
                if id(one) not in made or kind == "rate":
                    made[id(one)] = event(kind, one)
                listener.put(made[id(one)])

    def close(self) -> None:
        """Tell all of them that nothing more comes."""
        for one in self.listeners:
            if one.waiting.full():
                one.waiting.get_nowait()
            one.waiting.put_nowait(b"")


def event(kind: str, data: object) -> bytes:
    """As it is on the wire; JSON has no line end in it."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), to_json(data))
