"""Requests as lines."""

from __future__ import annotations

import pytest

from sessionlab.lab.bench.lines import Lines, safe, told
from sessionlab.lab.bench.requests import Request


def request(**wanted: object) -> Request:
    known: dict[str, object] = {
        "at": 0.0, "user": "alice", "method": "GET", "path": "/me", "node": "n2",
        "status": 401, "reason": "session unknown here", "seconds": 0.001,
    }  # fmt: skip
    return Request(**{**known, **wanted})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ({}, "alice   GET /me → n2 401 session unknown here"),
        ({"status": 200, "reason": ""}, "alice   GET /me → n2 200"),
        (
            {"user": "", "node": "", "status": 503, "reason": "no backend is available; n1 down"},
            "?       GET /me → the balancer 503 no backend is available",
        ),
        (
            {"user": "", "status": 499, "cut": "client", "reason": "no answer: cut by the client"},
            "?       GET /me → n2 – no answer: cut by the client",
        ),
        (
            {"user": "\x1b[2J[red]\u202e", "method": "", "path": "/" + "x" * 90},
            "\\x1b[2J[red]\\u2… ? /xxxxxxxxxxxxxxxxxxxxxx… → n2 401 session unknown here",
        ),
    ],
)
def test_a_request_is_one_line_whatever_was_typed(wanted: dict[str, object], line: str) -> None:
    assert told(request(**wanted)) == line
    assert len(line) <= 80


def test_what_moves_a_cursor_or_is_half_a_letter_is_written_out() -> None:
    assert safe("a\r\n\x9b1Kb\ud800é", 60) == "a\\r\\n\\x9b1Kb\\ud800é"


def test_more_than_twenty_in_a_second_are_counted() -> None:
    lines = Lines()
    good, refused = request(status=200), request()
    burst = [*[(5.0, good)] * 320, *[(5.1, refused)] * 12]
    shown = list(lines.of(burst, now=5.2))
    assert len(shown) == 20
    assert list(lines.of([], now=5.9)) == []
    (folded,) = lines.of([], now=6.3)
    assert folded.plain.strip() == "… 312 more in the last second: 300 ✓ 12 401"
    assert len(list(lines.of([(6.4, good)], now=6.4))) == 1, "the next second has its own lines"
