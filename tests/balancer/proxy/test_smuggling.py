"""Requests and answers that hide another: neither a backend nor the next client gets it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.balancer import smuggling
from tests.balancer.hostile import Rig, read_answers
from tests.balancer.rawhttp import get

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS = smuggling.requests()
ANSWERS = smuggling.answers()
STEP = int(os.environ.get("SPLIT_STEP", "3"))
"""Between two places at which a request is cut; SPLIT_STEP=1 tries them all."""
TRIES = 20  # of a rig that waits for 50 ms, on a machine that may be held up for longer


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def lines(rig: Rig) -> list[bytes]:
    return [request.head.partition(b" HTTP")[0] for request in rig.requests]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_hidden_request_stays_a_body_or_is_refused(name: str, rig: Rig) -> None:
    statuses, asked = outcome(rig, [REQUESTS[name]])
    if name in smuggling.CLEAR:
        assert statuses[0] == b"200"
        assert asked == smuggling.CLEAR[name]
        return
    assert statuses[0] in {b"400", b"417", b"501"}
    assert asked in ([], [b"POST /front"]), "the head alone may have gone"


def outcome(rig: Rig, pieces: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The statuses that the client got and the requests that a backend got."""
    for _ in range(TRIES):
        statuses = re.findall(rb"HTTP/1\.1 (\d+)", rig.send(pieces))
        if statuses and not {b"408", b"504"} & set(statuses):
            break  # of a whole request these, or a reset, say only that the machine was busy
    return statuses, lines(rig)


@pytest.mark.parametrize("name", REQUESTS)
def test_it_makes_no_difference_where_a_request_is_cut_in_two(name: str, rig: Rig) -> None:
    raw = REQUESTS[name]
    whole = outcome(rig, [raw])
    for cut in range(1, len(raw), STEP):
        assert outcome(rig, [raw[:cut], raw[cut:]]) == whole, f"cut at {cut}: {raw[:cut]!r}"


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hidden_answer_reaches_nobody_else(name: str, rig: Rig) -> None:
    read_answers(rig.send([get("/")], ANSWERS[name]))
    rig.calm()
    rig.calm()


@pytest.mark.parametrize("hosts", [(b"http://inner.test", b"Host: outer.test")])
def test_the_host_of_an_absolute_target_counts(hosts: tuple[bytes, bytes], rig: Rig) -> None:
    """RFC 9112 section 3.2.2: and not the field, by which the backend might choose."""
    rig.send([b"GET %b/x HTTP/1.1\r\n%b\r\n\r\n" % hosts])
    assert b"\r\nHost: inner.test\r\n" in rig.requests[0].head
    assert b"outer" not in rig.requests[0].head
