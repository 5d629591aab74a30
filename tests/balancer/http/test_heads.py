"""Heads are read line by line and lines are remembered: llhttp, which remembers nothing, agrees."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlab.balancer.config.model import Limits
from sessionlab.balancer.errors import BadAnswerError, RefusedError
from sessionlab.balancer.http.header_lines import Lines
from sessionlab.balancer.http.request_fields import Fields
from sessionlab.balancer.http.request_head import Request, RequestHeads
from sessionlab.balancer.http.request_ids import request_ids
from sessionlab.balancer.http.response_head import ResponseHeads
from tests.balancer.proxy.test_fuzz import ENDS, FIELDS, LINES

ALIKE = st.sampled_from([b"X-A: q", b"x-a: Q", b"X-A: Q", b"X-A:q", b"X-A: q ", b"X-A: qq"])
MANY = settings(max_examples=500, deadline=None)
STATUS_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.0 404", b"HTTP/1.1 204 No", b"HTTP/1.1 101 Up", b"HTTP/1.1 20 x"]
)


class Headers:
    """What llhttp finds."""

    def __init__(self) -> None:
        self.found: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.found.append((name, value.strip(b" \t")))


@st.composite
def heads(draw: st.DrawFn, first: st.SearchStrategy[bytes]) -> bytes:
    """A head, often a good one, with a byte changed now and then."""
    lines = [draw(first), b"Host: a", *draw(st.lists(FIELDS | ALIKE, max_size=5))]
    ends = [draw(ENDS) if draw(st.integers(0, 19)) == 0 else b"\r\n" for _ in lines]
    head = bytearray(b"".join(a + b for a, b in zip(lines, ends, strict=True)) + b"\r\n")
    if draw(st.integers(0, 4)) == 0:
        position = draw(st.integers(0, len(head) - 1))
        head[position : position + 1] = draw(st.binary(max_size=2))
    head += b"\r\n\r\n"
    return bytes(head[: head.index(b"\r\n\r\n") + 4])


def read(reader: RequestHeads, head: bytes) -> Request | None:
    try:
        return reader.read(head)
    except RefusedError:
        return None


def meaning(request: Request | None) -> tuple[object, ...] | None:
    if request is None:
        return None
    fields = request.fields
    values = [getattr(fields, name) for name in Fields.__slots__]
    return (request.method, request.target, request.forward, request.idempotent, *values)


KNOWING = RequestHeads(Limits())
KNOWING_ANSWERS = ResponseHeads()


@MANY
@given(head=heads(LINES))
def test_what_was_read_before_changes_nothing(head: bytes) -> None:
    fresh = meaning(read(RequestHeads(Limits()), head))
    assert meaning(read(KNOWING, head)) == fresh
    assert meaning(read(KNOWING, head)) == fresh, "and now every line is known"


@MANY
@given(head=heads(LINES))
def test_llhttp_reads_what_we_pass_on_as_we_do(head: bytes) -> None:
    request = read(KNOWING, head)
    if request is None:
        return
    headers = Headers()
    parser = httptools.HttpRequestParser(headers)
    # It knows some methods and versions alone; any token is one to us, and 1.2 is 1.1.
    method = request.method if request.method in {b"GET", b"POST", b"HEAD", b"PUT"} else b"PURGE"
    line, _, fields = head.partition(b"\r\n")
    target = line.split(b" ")[1] if method != b"PURGE" else b"/"
    with suppress(httptools.HttpParserUpgrade):
        parser.feed_data(b"%b %b HTTP/1.%d" % (method, target, request.minor) + b"\r\n" + fields)
    assert parser.get_method() == method
    passed_on = [tuple(line.split(b": ", 1)) for line in request.forward.split(b"\r\n")[:-1]]
    rest = [pair for pair in headers.found if pair in passed_on]
    assert rest == passed_on, "in this order, and nothing made up"


@MANY
@given(head=heads(STATUS_LINES), to_head=st.booleans())
def test_an_answer_means_the_same_whatever_came_before(head: bytes, to_head: bool) -> None:
    try:
        fresh = ResponseHeads().read(head, to_head=to_head)
    except BadAnswerError:
        with pytest.raises(BadAnswerError):
            KNOWING_ANSWERS.read(head, to_head=to_head)
        return
    assert KNOWING_ANSWERS.read(head, to_head=to_head) == fresh
    assert KNOWING_ANSWERS.read(head, to_head=to_head) == fresh, "and now every line is known"


@pytest.mark.parametrize(
    "line", [b"a:%x", b"te:%x", b"n" * 15_000 + b"%x: 1"], ids=["plain", "ruled", "long name"]
)
def test_lines_that_never_come_again_take_bounded_memory(line: bytes) -> None:
    reader = RequestHeads(Limits())
    many = range(0, 100_000, 90) if len(line) < 100 else range(300)
    tracemalloc.start()
    for start in many:
        lines = [line % (start + i) for i in range(90 if len(line) < 100 else 1)]
        reader.read(b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % b"\r\n".join(lines))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < (6_000_000 if len(line) < 100 else 500_000)


def test_a_line_that_keeps_coming_is_kept_while_others_pass() -> None:
    lines: Lines[str] = Lines(lambda lower: ("known" if lower == b"host" else None, True))
    (first,) = (lines.parse([b"Host: a"]) or ([], []))[1]
    for i in range(100_000):
        lines.parse([b"x: %d" % i])
        if i % 1000 == 0:
            assert (lines.parse([b"Host: a"]) or ([], []))[1] == [first]


@pytest.mark.parametrize("name", [b"X-User", b"X-Forwarded-For", b"Cookie", b"Keep-Alive"])
def test_an_affinity_sees_its_header_whatever_else_it_means(name: bytes) -> None:
    reader = RequestHeads(Limits(), {name.lower()})
    for value in (b"b", b"c", b"b"):
        line = b"%b: %b\r\n" % (name, value)
        request = reader.read(b"GET / HTTP/1.1\r\nHost: a\r\n%bX-N: 1\r\n\r\n" % line)
        assert request.fields.watched == {name.lower(): value}
        assert request.value(name.lower()) == value
        assert request.forward == (line if name == b"X-User" else b"") + b"X-N: 1\r\n"


def test_an_answer_in_our_spelling_is_passed_on_as_it_came() -> None:
    head = b"HTTP/1.1 200 OK\r\nServer: s\r\ncontent-length: 3\r\nDate: b\r\n\r\n"
    assert ResponseHeads().read(head, to_head=False).verbatim


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: keep-alive",
        b"Connection: content-length",
        b"X-A:b",
        b"X-A: b ",
    ],
)
def test_an_answer_in_another_spelling_is_written_anew(line: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n%b\r\n\r\n" % line
    response = ResponseHeads().read(head, to_head=False)
    assert not response.verbatim
    assert response.ready.count(b"Content-Length: 3\r\n") == 1


def test_ids_are_counted_and_no_two_beginnings_are_alike() -> None:
    ids, others = request_ids(), request_ids()
    mine = [next(ids) for _ in range(10_000)]
    assert len({*mine, next(others)}) == 10_001
    assert mine == sorted(mine)
    assert {len(one) for one in mine} == {28}
