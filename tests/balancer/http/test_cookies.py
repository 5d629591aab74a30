"""Which Set-Cookie fields set something, and which take it away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.balancer.http.cookies import deletes

NOW = 1_790_000_000.0  # in 2026


@pytest.mark.parametrize(
    "attributes",
    [
        b"Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"Expires=Thu, 01-Jan-70 00:00:01 GMT",
        b"expires=Mon, 11-Oct-1999 00:00:00 GMT; Path=/",
        b"Path=/; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
        b"Expires=Sunday, 06-Nov-94 08:49:37 GMT",
        b"Expires=Sun Nov  6 08:49:37 1994",
        b"Expires=Mon, 01 Jan 0001 00:00:00 GMT",  # read as 2001
        b"Max-Age=0",
        b"Max-Age=00",
        b"Max-Age=-1; Expires=Fri, 31 Dec 2100 00:00:00 GMT",
        b"Expires=Fri, 31 Dec 2100 00:00:00 GMT; Max-Age=0",
    ],
)
def test_a_time_that_is_over_deletes(attributes: bytes) -> None:
    assert deletes(b"sid=x; " + attributes, NOW)


@pytest.mark.parametrize(
    "attributes",
    [
        b"Path=/; HttpOnly",
        b"Expires=Fri, 31 Dec 2100 00:00:00 GMT",
        b"Expires=Fri, 31 Dec 9999 23:59:59 GMT",
        b"Expires=Thu, 01-Jan-37 00:00:00 GMT",
        b"Max-Age=60",
        b"Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60",
        b"Expires=0",  # no date (RFC 6265 section 5.1.1), so there is no such attribute
        b"Expires=Thu, 32 Jan 1970 00:00:00 GMT",
        b"Expires=Thu, 01 Jan 1970 25:00:00 GMT",
        b"Expires=Sat, 01 Jan 1600 00:00:00 GMT",  # before 1601
        b"Max-Age=soon",
        b"Path=/1970; Comment=Expires",
    ],
)
def test_anything_else_sets(attributes: bytes) -> None:
    assert not deletes(b"sid=x; " + attributes, NOW)


def test_no_value_deletes() -> None:
    assert deletes(b'sid=""; Path=/', NOW)


@given(st.binary(max_size=80))
def test_no_date_crashes_it(date: bytes) -> None:
    deletes(b"sid=x; Expires=" + date, NOW)
