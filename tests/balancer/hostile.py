"""A balancer between hostile ends, and readers to whom everything has one spelling."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvloop

from tests.balancer.conftest import Lab
from tests.balancer.rawhttp import connect, get

if TYPE_CHECKING:
    from sessionlab.balancer.processes.single import Running

_FIELD = (
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:"
    rb" (?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?\r\n)*"
)
REQUEST = re.compile(
    rb"[A-Z][A-Z_-]* (?:/[!-\"$-~]*|\*) HTTP/1\.1\r\nHost: [^\s,/@]+\r\n" + _FIELD + rb"\r\n"
)
ANSWER_HEAD = re.compile(rb"HTTP/1\.1 [1-5]\d\d(?: [\t -~\x80-\xff]*)?\r\n" + _FIELD + rb"\r\n")
CHUNK = re.compile(rb"([1-9a-f][0-9a-f]*)\r\n")
TRAILERS = re.compile(rb"0\r\n" + _FIELD + rb"\r\n")
_PATIENCE = 20
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Message:
    """A whole message as it was read."""

    head: bytes
    body: bytes
    length: int
    """Of all of it."""


def read_request(stream: bytes) -> Message | None:
    """The first request; None when it is not whole. Fails on a byte with two readings."""
    head = REQUEST.match(stream)
    if head is None:
        assert b"\r\n\r\n" not in stream, f"an odd head: {stream[:300]!r}"
        return None
    names = _names(head[0])
    assert names.count(b"host") == 1
    if not {b"content-length", b"transfer-encoding"} & set(names):
        return Message(head[0], b"", head.end())
    return _with_body(head[0], names, stream)


def _names(head: bytes) -> list[bytes]:
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:-2]]
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1, head
    return names


def _with_body(head: bytes, names: list[bytes], stream: bytes) -> Message | None:
    after = stream[len(head) :]
    if b"transfer-encoding" in names:
        assert re.search(rb"(?i)\r\ntransfer-encoding: chunked\r\n", head), head
        return _chunks(head, after)
    found = re.search(rb"(?i)\r\ncontent-length: (0|[1-9]\d*)\r\n", head)
    assert found, head
    size = int(found[1])
    return Message(head, after[:size], len(head) + size) if len(after) >= size else None


def _chunks(head: bytes, stream: bytes) -> Message | None:
    at, body = 0, b""
    while True:
        end = TRAILERS.match(stream, at)
        if end is not None:
            return Message(head, body, len(head) + end.end())
        chunk = CHUNK.match(stream, at)
        if chunk is None:
            assert b"\r\n\r\n" not in stream[at:], f"odd chunks: {stream[at : at + 300]!r}"
            return None
        at = chunk.end() + int(chunk[1], 16)
        if len(stream) < at + 2:
            return None
        assert stream[at : at + 2] == b"\r\n"
        body += stream[chunk.end() : at]
        at += 2


def read_answers(stream: bytes) -> list[int]:
    """The statuses of all answers, whole or cut; fails on a byte with two readings."""
    statuses = []
    while stream:
        head = ANSWER_HEAD.match(stream)
        if head is None:
            assert b"\r\n\r\n" not in stream, f"an odd answer: {stream[:300]!r}"
            break
        status = int(head[0][9:12])
        statuses.append(status)
        names = _names(head[0])
        if status < 200 or status in {204, 304}:
            stream = stream[head.end() :]
            continue
        if not {b"content-length", b"transfer-encoding"} & set(names):
            break  # up to the close
        message = _with_body(head[0], names, stream)
        if message is None:
            break
        stream = stream[message.length :]
    return statuses


class Rig:
    """Many examples on one loop: what the client sends, what a backend receives and answers."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.stack = AsyncExitStack()
        self.crashes: list[Any] = []
        self.streams: list[bytes] = []
        self.requests: list[Message] = []
        self.answer = ANSWER
        self.balancer: Running
        self.runner.run(self._start())

    async def _start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, c: self.crashes.append(c))
        lab = Lab(self.stack)
        # Short waits, since many examples never become whole; no odd answer counts as a failure.
        self.balancer = await lab.balancer(
            await lab.raw(self._serve),
            header_timeout=0.05,
            response_timeout=0.05,
            eject_after=0,
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.streams)
        self.streams.append(b"")
        unread = b""
        while data := await reader.read(65536):
            if len(self.streams) > number:
                self.streams[number] += data
            unread += data
            try:
                while (request := read_request(unread)) is not None:
                    unread = unread[request.length :]
                    self.requests.append(request)
                    writer.write(self.answer)
            except AssertionError as error:
                self.crashes.append(error)
                return

    async def _send(self, pieces: list[bytes]) -> bytes:
        async with connect(self.balancer.listen) as client:
            for piece in [*pieces, get("/last", "Connection: close")]:
                if not client.reader.at_eof() and not client.writer.is_closing():
                    client.writer.write(piece)
                await asyncio.sleep(0)
            try:
                return await client.rest()
            except ConnectionResetError:
                return b""

    def send(self, pieces: list[bytes], answer: bytes = ANSWER) -> bytes:
        """Send the pieces and a last good request; returns what the client got."""
        self.requests, self.answer = [], answer
        got = self.runner.run(self._send(pieces))
        crashes, self.crashes = self.crashes, []
        assert crashes == [], crashes
        return got

    def calm(self) -> None:
        """Two good requests get their own answers; on a busy machine perhaps not at once."""
        for _ in range(_PATIENCE):
            got = self.send([get("/")])
            statuses = read_answers(got)
            assert set(statuses) <= {200, 408, 504}, got
            assert got.count(b"\r\n\r\nok") == statuses.count(200), got
            if statuses == [200, 200]:
                return
        raise AssertionError("good requests are not answered any more")

    def close(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
