"""One kept-alive connection: bytes of a request go out, a head and a body come back.

Nothing here is made for each request but the answer's body: no task, no timer, no header objects
where the same head came before. A head that is not known is parsed by httptools.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from sessionlab.lab.engine.head import Head, Heads

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BODY = 4_000_000  # bytes of an answer's
_FINAL = 200  # what is below is interim (RFC 9110, 15.2)
_SWITCHING = 101
_FRAMED = re.compile(rb"(?i)\r\n(?:content-length|transfer-encoding):")


class Broken(ConnectionError):
    """The answer makes no sense, or there is none, or (`begun`) not all of it."""

    def __init__(self, message: str, *, begun: bool) -> None:
        super().__init__(message)
        self.begun = begun


class Receiver(Protocol):
    """Who has sent a request; one of the two is called, once, and the connection is free again."""

    def answered(self, head: Head, body: bytes) -> None: ...

    def lost(self, problem: Exception, *, stale: bool) -> None:
        """No answer, or not all of it; `stale`: it had been kept alive, and nothing came at all."""


class Connection(asyncio.Protocol):
    """`free` is called when it can take a request (again), before the receiver is told."""

    __slots__ = (
        *("_body", "_free", "_heads", "_parser", "_partial", "_raw", "_receiver", "_size"),
        *("_status", "_whole", "answers", "is_open", "transport"),
    )

    def __init__(self, heads: Heads, free: Callable[[Connection], None]) -> None:
        self.transport: asyncio.Transport
        self.is_open = False
        self.answers = 0
        self._heads = heads
        self._free = free
        self._receiver: Receiver | None = None
        self._parser = HttpResponseParser(self)
        self._partial = False  # an answer has begun to come, through the parser
        self._whole: tuple[Head, bytes] | None = None
        self._begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.is_open = True

    @property
    def head(self) -> Head | None:
        """That of an answer that is not whole; None before it is there."""
        return self._head(keeps=False) if self._status >= _FINAL else None

    def send(self, receiver: Receiver, request: bytes) -> None:
        """Send a whole request; its receiver hears of the answer."""
        self._receiver = receiver
        self.transport.write(request)

    def drop(self, problem: Exception) -> None:
        """Close it at once; who waits for an answer hears why."""
        self.is_open = False
        self.transport.abort()
        self._lose(problem)

    def close(self) -> None:
        """Close it; it must be free."""
        self.is_open = False
        self.transport.close()

    # What asyncio says

    def data_received(self, data: bytes) -> None:
        if self._receiver is None:  # nobody has asked
            self.close()
            return
        end = 0
        if not self._partial:
            end = data.find(b"\r\n\r\n") + 4
            head = self._heads.get(data[:end])
            if head is not None and head.length == len(data) - end:  # whole, and seen before
                self._finish(head, data[end:])
                return
            self._partial = True
        if not self._status:
            self._raw += data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.drop(Broken(f"the answer makes no sense: {error}", begun=True))
            return
        if self._size > MOST_BODY:
            self.drop(Broken(f"more than {MOST_BODY:,} bytes", begun=True))
            return
        if self._whole is not None:
            head, body = self._whole
            if len(body) == len(data) - end and head.raw == data[:end]:
                head.length = len(body)
                self._heads.remember(head.raw, head)
            self._finish(head, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._receiver is None:
            return
        if exc is None and self._status >= _FINAL and not _FRAMED.search(self._head_bytes()):
            self._finish(self._head(keeps=False), b"".join(self._body))
        else:
            self._lose(exc or self._cut())

    # What the parser says

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._size += len(body)

    def on_message_complete(self) -> None:
        if self._status < _FINAL and self._status != _SWITCHING:
            rest = self._raw[len(self._head_bytes()) :]
            self._begin(rest)
        elif self._whole is None:
            head = self._head(keeps=self._parser.should_keep_alive())
            self._whole = head, b"".join(self._body)
            self._begin()
        else:
            self._whole[0].keeps = False  # nobody has asked for a second one

    def _head(self, *, keeps: bool) -> Head:
        return Head(self._status, self._head_bytes(), -1, keeps=keeps)

    def _head_bytes(self) -> bytes:
        return self._raw[: self._raw.find(b"\r\n\r\n") + 4]

    def _begin(self, rest: bytes = b"") -> None:
        self._raw = rest
        self._body: list[bytes] = []
        self._size = self._status = 0

    # How an answer ends

    def _finish(self, head: Head, body: bytes) -> None:
        receiver = self._receiver
        self._receiver = self._whole = None
        self.answers += 1
        if self.is_open and head.keeps and not self._status:
            self._partial = False
            self._free(self)
        elif self.is_open:
            self.close()
        assert receiver is not None  # noqa: S101
        receiver.answered(head, body)

    def _cut(self) -> Broken:
        said = "the answer ended before it was whole" if self._partial else "Server disconnected"
        return Broken(said, begun=self._partial)

    def _lose(self, problem: Exception) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost(problem, stale=self.answers > 0 and not self._partial)
