"""What an answer holds, read as far as it can matter: a server may send without end."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 4_000_000  # bytes of an answer, or of a message on a WebSocket
EVENT_STREAM = "text/event-stream"
_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One server-sent event (HTML standard, 9.2)."""

    name: str
    data: str


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes, and the events where they are an event stream."""

    raw: bytes = b""
    events: tuple[ServerEvent, ...] | None = None


async def read(response: aiohttp.ClientResponse, events: int = 0) -> Content:
    """All of it, or until so many events have come, and then the connection is left.

    Raises ClientPayloadError for more than `MOST` bytes, and for a stream that ended too early.
    """
    stream = EventStream() if response.content_type == EVENT_STREAM else None
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MOST:
            response.close()
            raise aiohttp.ClientPayloadError(f"more than {MOST:,} bytes")
        chunks.append(chunk)
        if stream and stream.feed(chunk) >= events > 0:
            response.close()
            break
    if stream is None:
        return Content(b"".join(chunks))
    stream.feed(b"\n\n")  # the last one's end, where the server has left it out
    if len(stream.events) < events:
        raise aiohttp.ClientPayloadError(
            f"{len(stream.events)} of {events} server-sent events, then the stream ended"
        )
    return Content(b"".join(chunks), tuple(stream.events))


class EventStream:
    """Parses what has come of an event stream."""

    def __init__(self) -> None:
        self.events: list[ServerEvent] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._name, self._data = "", list[str]()

    def feed(self, chunk: bytes) -> int:
        """How many events there are by now."""
        for line in self._lines(self._decoder.decode(chunk)):
            self._hear(line)
        return len(self.events)

    def _lines(self, text: str) -> Iterator[str]:
        whole = self._rest + text
        held = "\r" if whole.endswith("\r") else ""  # a line feed may follow
        *lines, last = _LINE.split(whole.removesuffix(held) if held else whole)
        self._rest = last + held
        yield from lines

    def _hear(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if self._data:
                self.events.append(ServerEvent(self._name or "message", "\n".join(self._data)))
            self._name, self._data = "", []
        elif field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
