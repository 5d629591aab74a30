"""Answers as servers send them, whole or in pieces, and connections that break."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.engine import connection as engine
from sessionlab.lab.engine.connection import Broken, Connection
from sessionlab.lab.engine.head import MOST_HEADS, Head, Heads

PLAIN = b"HTTP/1.1 200 OK\r\nX-Node: n1\r\nContent-Length: 2\r\n\r\nab"


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.ended = ""

    def write(self, data: Any) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class Heard:
    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.heads: list[Head] = []
        self.problems: list[tuple[str, bool]] = []

    def answered(self, head: Head, body: bytes) -> None:
        self.heads.append(head)
        self.answers.append((head.status, body))

    def lost(self, problem: Exception, *, stale: bool) -> None:
        begun = problem.begun if isinstance(problem, Broken) else None
        self.problems.append((f"{type(problem).__name__}: {problem} {begun}", stale))


def connected(heads: Heads | None = None) -> tuple[Connection, Transport, Heard, list[Connection]]:
    free: list[Connection] = []
    connection, transport = (
        Connection(Heads() if heads is None else heads, free.append),
        Transport(),
    )
    connection.connection_made(transport)
    return connection, transport, Heard(), free


def asked(heads: Heads | None = None) -> tuple[Connection, Transport, Heard, list[Connection]]:
    connection, transport, heard, free = connected(heads)
    connection.send(heard, b"GET / HTTP/1.1\r\n\r\n")
    return connection, transport, heard, free


@pytest.mark.parametrize(
    ("raw", "answer", "keeps"),
    [
        (PLAIN, (200, b"ab"), True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b""), True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", (304, b""), True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, (200, b"ab"), True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN, (200, b"ab"), True),
        (PLAIN.replace(b"X-Node", b"Connection: close\r\nX-Node"), (200, b"ab"), False),
        (PLAIN.replace(b"1.1", b"1.0"), (200, b"ab"), False),
        (
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"1\r\na\r\n1;x\r\nb\r\n0\r\nT: 1\r\n\r\n"
            ),
            (200, b"ab"),
            True,
        ),
    ],
)
@given(st.data())
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(
    raw: bytes, answer: tuple[int, bytes], keeps: bool, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=4)))
    connection, transport, heard, free = asked()
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        connection.data_received(raw[start:end])
    assert heard.answers == [answer]
    assert not heard.problems
    assert bool(free) is connection.is_open is keeps
    assert transport.ended == ("" if keeps else "closed")


def test_a_head_that_comes_again_is_the_same_object_and_another_is_not() -> None:
    connection, _, heard, _ = connected()
    for raw in (PLAIN, PLAIN, PLAIN.replace(b"n1", b"n2"), PLAIN.replace(b"ab", b"cd")):
        connection.send(heard, b"GET / HTTP/1.1\r\n\r\n")
        connection.data_received(raw)
    assert heard.answers == [(200, b"ab"), (200, b"ab"), (200, b"ab"), (200, b"cd")]
    first, second, third, fourth = heard.heads
    assert first is second is fourth is not third
    assert dict(third.lines)[b"X-Node"] == b"n2"


def test_a_known_head_with_a_part_of_the_body_waits_for_the_rest() -> None:
    heads = Heads()
    connection, _, heard, _ = asked(heads)
    connection.data_received(PLAIN)
    connection.send(heard, b"GET / HTTP/1.1\r\n\r\n")
    connection.data_received(PLAIN[:-1])
    assert len(heard.answers) == 1
    connection.data_received(b"c")
    assert heard.answers[1] == (200, b"ac")


def test_no_more_heads_are_remembered_than_that() -> None:
    heads = Heads()
    for number in range(MOST_HEADS + 10):
        heads.remember(b"%d" % number, Head(200, b"", 0, keeps=True))
    assert len(heads) == 10


def test_a_body_without_length_ends_with_its_connection() -> None:
    connection, _, heard, free = asked()
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nab")
    assert not heard.answers
    connection.connection_lost(None)
    assert heard.answers == [(200, b"ab")]
    assert not free


@pytest.mark.parametrize(
    ("came", "why"),
    [
        (b"", "Broken: Server disconnected False"),
        (b"HTTP/1.1 20", "Broken: the answer ended before it was whole True"),
        (PLAIN[:-1], "Broken: the answer ended before it was whole True"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            "Broken: the answer ended before it was whole True",
        ),
    ],
)
def test_a_connection_that_ends_early_has_no_answer(came: bytes, why: str) -> None:
    connection, _, heard, _ = asked()
    if came:
        connection.data_received(came)
    connection.connection_lost(None)
    assert heard.problems == [(why, False)]
    assert not heard.answers


def test_only_one_that_was_kept_alive_and_said_nothing_is_stale() -> None:
    connection, _, heard, _ = asked()
    connection.data_received(PLAIN)
    connection.send(heard, b"GET / HTTP/1.1\r\n\r\n")
    connection.connection_lost(ConnectionResetError("reset"))
    assert heard.problems == [("ConnectionResetError: reset None", True)]


@pytest.mark.parametrize(
    "raw",
    [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
)
def test_what_makes_no_sense_is_no_answer(raw: bytes) -> None:
    connection, transport, heard, _ = asked()
    connection.data_received(raw)
    assert "makes no sense" in heard.problems[0][0]
    assert transport.ended == "aborted"


def test_an_answer_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_BODY", 5)
    connection, transport, heard, _ = asked()
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nabcdef")
    assert "more than 5 bytes" in heard.problems[0][0]
    assert transport.ended == "aborted"


def test_what_nobody_has_asked_for_closes_the_connection() -> None:
    connection, transport, heard, _ = connected()
    connection.data_received(PLAIN)
    assert transport.ended == "closed"
    assert not heard.answers


def test_a_second_answer_unasked_is_nobody_s_and_the_connection_is_not_used_again() -> None:
    connection, transport, heard, free = asked()
    connection.data_received(PLAIN + PLAIN.replace(b"ab", b"xy"))
    assert heard.answers == [(200, b"ab")]
    assert not free
    assert transport.ended == "closed"


def test_who_drops_it_is_told_why() -> None:
    connection, transport, heard, _ = asked()
    connection.drop(TimeoutError())
    connection.connection_lost(None)
    assert heard.problems == [("TimeoutError:  None", False)]
    assert transport.ended == "aborted"
