"""Hostile bytes from clients and from backends, against what comes out on the other side.

Whatever is sent, a backend only ever sees requests that leave nothing to interpretation, as read
here by a reader that accepts one spelling of everything, and nothing raises in the balancer.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.balancer.conftest import Lab
from tests.balancer.rawhttp import connect, get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from balancer.server import Running

ONE_SPELLING = re.compile(
    rb"[A-Z]+ (?:/[!-\"$-~]*|\*) HTTP/1\.1\r\n"
    rb"Host: [^\s,/@]+\r\n"
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:"
    rb" (?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?\r\n)*"
    rb"\r\n"
)
CHUNK = re.compile(rb"([1-9a-f][0-9a-f]*)\r\n")
TRAILERS = re.compile(rb"0\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t -~\x80-\xff]*\r\n)*\r\n")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read_strictly(stream: bytes) -> int:
    """How many whole requests the stream holds; fails on a byte with two readings."""
    number = 0
    while stream:
        head = ONE_SPELLING.match(stream)
        if head is None:
            assert b"\r\n\r\n" not in stream, f"an odd head: {stream[:300]!r}"
            break
        names = [line.partition(b":")[0].lower() for line in head[0].split(b"\r\n")[1:-2]]
        assert names.count(b"host") == 1
        assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
        size = re.search(rb"(?i)\r\ncontent-length: (.*)\r\n", head[0])
        stream = stream[head.end() :]
        if size:
            assert re.fullmatch(rb"0|[1-9]\d*", size[1])
            if len(stream) < int(size[1]):
                break
            stream = stream[int(size[1]) :]
        elif b"transfer-encoding" in names:
            rest = skip_chunks(stream)
            if rest is None:
                break
            stream = rest
        number += 1
    return number


def skip_chunks(stream: bytes) -> bytes | None:
    """What follows a chunked body; None when the body is not whole."""
    while True:
        end = TRAILERS.match(stream)
        if end is not None:
            return stream[end.end() :]
        chunk = CHUNK.match(stream)
        if chunk is None:
            assert b"\r\n\r\n" not in stream, f"odd chunks: {stream[:300]!r}"
            return None
        after = chunk.end() + int(chunk[1], 16)
        if len(stream) < after + 2:
            return None
        assert stream[after : after + 2] == b"\r\n"
        stream = stream[after + 2 :]


class Rig:
    """A balancer between hostile ends, for many examples on one loop."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.stack = AsyncExitStack()
        self.crashes: list[dict[str, Any]] = []
        self.received = b""
        self.answer = ANSWER
        self.balancer: Running
        self.runner.run(self._start())

    async def _start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, c: self.crashes.append(c))
        lab = Lab(self.stack)
        self.balancer = await lab.balancer(
            await lab.raw(self._serve), header_timeout=0.02, response_timeout=0.02
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.received += data
            for _ in range(data.count(b"\r\n\r\n")):
                writer.write(self.answer)

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
        self.received, self.answer = b"", answer
        got = self.runner.run(self._send(pieces))
        assert self.crashes == []
        return got

    def close(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"HEAD / HTTP/1.0", b"PUT http://h/p HTTP/1.1",
        b"OPTIONS * HTTP/1.1", b"GET /\x00 HTTP/1.1", b"POST  / HTTP/1.1", b"PATCH / HTTP/1.1 ",
    ]
)  # fmt: skip
FIELDS = st.sampled_from(
    [
        b"Host: a", b"host:b", b"Host: a b", b"Content-Length: 3", b"Content-Length: 0",
        b"content-length:\t3", b"Content-Length: 3,3", b"Content-Length : 3", b"Content_Length: 9",
        b"Transfer-Encoding: chunked", b"transfer-encoding:chunked ", b"Transfer-Encoding: x",
        b"Transfer-Encoding:\x0cchunked", b"TE: trailers", b"Trailer: X", b"Expect: 100-continue",
        b"Connection: close", b"Connection: Content-Length, Host", b"Connection: upgrade",
        b"Upgrade: websocket", b"Cookie: a=b; SESSIONLAB=c", b"X-Forwarded-For: x\xff", b"X: a\rb",
        b" folded", b"X-Request-ID: a b", b"X-Request-ID: ok", b": none", b"", b"X:",
    ]
)  # fmt: skip
BODIES = st.sampled_from(
    [
        b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n", b"3\nabc\n0\n\n", # noqa: E501
        b"-1\r\n\r\n", b"0\r\nHost: z\r\n\r\n", b"0\r\n\r\n", b"A\r\nabc\r\n", b"GET /x HTTP/1.1\r\n", # noqa: E501
    ]
)  # fmt: skip
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n"])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Something like a request, often almost good."""
    lines = [draw(LINES), b"Host: a", *draw(st.lists(FIELDS, max_size=4))]
    if draw(st.integers(0, 4)) == 0:
        lines.remove(b"Host: a")
    head = b"".join(line + (b"\r\n" if draw(st.integers(0, 9)) else draw(ENDS)) for line in lines)
    return head + b"\r\n" + draw(BODIES)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Some messages, a byte or two of them changed, cut anywhere."""
    raw = bytearray(b"".join(draw(st.lists(messages(), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(0, 2))):
        position = draw(st.integers(0, len(raw) - 1))
        raw[position : position + 1] = draw(st.binary(max_size=2))
        raw = raw or bytearray(b"\r\n")
    cuts = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=3)))
    return [bytes(raw[a:b]) for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]


QUICK = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(pieces=streams())
def test_what_reaches_a_backend_has_one_meaning(rig: Rig, pieces: list[bytes]) -> None:
    got = rig.send(pieces)
    number = read_strictly(rig.received)
    assert number <= got.count(b"HTTP/1.1 200") + 1, "a request that was not answered"


@QUICK
@given(pieces=st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_noise_reaches_nobody(rig: Rig, pieces: list[bytes]) -> None:
    rig.send(pieces)
    assert read_strictly(rig.received) <= 1


def _answer(line: bytes, fields: list[bytes], body: bytes) -> bytes:
    return line + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


@settings(QUICK, max_examples=100)
@given(
    answer=st.one_of(
        st.binary(min_size=1, max_size=200),
        st.builds(
            lambda head, fields, body: (
                head + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body
            ),
            st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404\r\n", b"HTTP/1.1 101 Up\r\n"]),
            st.lists(FIELDS, max_size=4),
            BODIES,
        ),
    )
)
def test_an_odd_answer_never_reaches_the_next_client(rig: Rig, answer: bytes) -> None:
    rig.send([get("/")], answer)
    assert rig.send([get("/")]).count(b"\r\n\r\nok") == 2
