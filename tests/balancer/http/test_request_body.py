"""A body on its way through."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import chunked
from sessionlab.balancer.http.request_body import RequestBody
from sessionlab.balancer.http.request_fields import CHUNKED


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if b > a]


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=50), st.lists(st.integers(0, 300)))
def test_a_sized_body_ends_where_it_says(body: bytes, rest: bytes, cuts: list[int]) -> None:
    reading = RequestBody(len(body), 0)
    out = seen = b""
    for piece in pieces(body + rest, cuts):
        if reading.done:
            seen += piece
        else:
            out += reading.take(piece)
    assert (out, reading.rest + seen, reading.done) == (body, rest, True)
    assert reading.again() == body


@given(st.lists(st.binary(max_size=50)), st.binary(max_size=50), st.lists(st.integers(0, 600)))
def test_a_chunked_body_is_framed_anew_and_can_be_sent_again(
    parts: list[bytes], rest: bytes, cuts: list[int]
) -> None:
    raw = b"".join(chunked.encode(part) for part in parts) + b"0\r\n\r\n"
    reading = RequestBody(CHUNKED, 0)
    out = seen = b""
    for piece in pieces(raw + rest, cuts):
        if reading.done:
            seen += piece
        else:
            out += reading.take(piece)
    check = chunked.ChunkedReader()
    assert check.feed(out) == b"".join(parts)
    assert (check.done, reading.rest + seen, reading.again()) == (True, rest, out)


def test_a_large_body_is_not_kept_once_it_is_on_its_way() -> None:
    reading = RequestBody(1_000_000, 0)
    reading.take(b"x" * 70_000)
    assert reading.plenty
    assert reading.repeatable, "until there is a backend, all of it is needed"
    reading.trim()
    reading.take(b"x" * 70_000)
    assert (reading.repeatable, reading.plenty) == (False, False)


@given(st.integers(1, 100), st.integers(0, 200))
def test_the_limit_is_exact_for_both_framings(limit: int, size: int) -> None:
    for length, raw in ((size, b"x" * size), (CHUNKED, chunked.encode(b"x" * size) + b"0\r\n\r\n")):
        if size > limit:
            with pytest.raises(RefusedError, match="larger than"):
                RequestBody(length, limit).take(raw)
        else:
            RequestBody(length, limit).take(raw)


def test_bad_framing_is_refused() -> None:
    with pytest.raises(RefusedError):
        RequestBody(CHUNKED, 0).take(b"zz\r\n")
