"""Hostile bytes from clients and from backends, against what comes out on the other side.

Whatever is sent, a backend only ever sees requests that leave nothing to interpretation, as read
here by a reader that accepts one spelling of everything, and nothing raises in the balancer.
FUZZ_EXAMPLES=100000 in the environment fuzzes for longer.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.balancer import smuggling
from tests.balancer.bad_requests import BAD_CHUNKS, BAD_REQUESTS
from tests.balancer.hostile import Rig, read_answers
from tests.balancer.rawhttp import get

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def _cut(draw: st.DrawFn, raw: bytes) -> list[bytes]:
    """In up to four pieces."""
    cuts = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=3)))
    return [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Some messages, a byte or two of them changed, cut anywhere."""
    raw = b"".join(draw(st.lists(messages(), min_size=1, max_size=3)))
    return _cut(draw, _changed(draw, raw, 2))


# Bytes at which readers differ: ends, separators, what is no token, digits of lengths.
ODD = st.sampled_from(b'\r\n \t:;,="\\/@#%\x00\x0b\x0c\x7f\x80\xa0\xff019afA')


def _changed(draw: st.DrawFn, raw: bytes, most: int) -> bytes:
    """Bytes put in, taken out or replaced."""
    changed = bytearray(raw)
    for _ in range(draw(st.integers(0, most))):
        position = draw(st.integers(0, len(changed)))
        span = draw(st.integers(0, 2))
        changed[position : position + span] = bytes(draw(st.lists(ODD, max_size=2)))
    return bytes(changed) or b"\r\n"


GOOD = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\nX: y\r\n\r\n0123456789abc",
    (
        b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
    ),
    b"GET http://b.test/c HTTP/1.1\r\nHost: a\r\nCookie: x=1; SESSIONLAB=y\r\n\r\n",
    b"PUT /d HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, X\r\nX: 1\r\n\r\n",
    b"DELETE /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
]
HIDING = list(smuggling.requests().values())
BAD = [bad.raw for bad in (*BAD_REQUESTS, *BAD_CHUNKS)]


@st.composite
def near_misses(draw: st.DrawFn) -> list[bytes]:
    """Good, bad and hiding requests in a row, each changed a little, cut anywhere."""
    known = st.one_of(st.sampled_from(GOOD), st.sampled_from(HIDING), st.sampled_from(BAD))
    raw = b"".join(_changed(draw, draw(known), 3) for _ in range(draw(st.integers(1, 4))))
    return _cut(draw, raw)


EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "250"))
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)
pytestmark = pytest.mark.timeout(60 + EXAMPLES)


@QUICK
@given(pieces=st.one_of(streams(), near_misses()))
def test_what_reaches_a_backend_has_one_meaning(rig: Rig, pieces: list[bytes]) -> None:
    got = rig.send(pieces)
    assert len(rig.requests) <= got.count(b"HTTP/1.1 200") + 1, "a request that was not answered"


@QUICK
@given(pieces=st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_noise_reaches_nobody(rig: Rig, pieces: list[bytes]) -> None:
    assume(b" HTTP/1." not in b"".join(pieces))  # Hypothesis draws from literals in the code too
    rig.send(pieces)
    assert len(rig.requests) <= 1


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Noise, something like an answer, or one that hides another, changed a little."""
    line = st.sampled_from(
        [b"HTTP/1.1 200 OK", b"HTTP/1.0 404", b"HTTP/1.1 101 Up", b"HTTP/1.1 204 "]
    )
    built = st.builds(
        lambda line, fields, body: b"\r\n".join([line, *fields, b"", body]),
        line,
        st.lists(FIELDS, max_size=4),
        BODIES,
    )
    known = st.sampled_from(list(smuggling.answers().values()))
    noise = st.binary(min_size=1, max_size=200)
    return _changed(draw, draw(st.one_of(noise, built, known)), 3)


@settings(QUICK, max_examples=EXAMPLES // 2)
@given(answer=answers())
def test_an_odd_answer_is_clear_to_its_client_and_never_reaches_the_next(
    rig: Rig, answer: bytes
) -> None:
    statuses = read_answers(rig.send([get("/")], answer))
    assert 101 not in statuses
    rig.calm()
