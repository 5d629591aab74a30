"""What a link reads of HTTP and Redis, however the bytes are cut: all else stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.link.rules import Rule
from sessionlab.lab.link.speech import Http, Redis, Speech

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

S = TypeVar("S", bound=Speech)


def reading(kind: type[S], *rules: Rule, spare: bytes = b"", begun: list[bool] | None = None) -> S:
    return kind({rule.kind: rule for rule in rules}, ([] if begun is None else begun).append, spare)


CUTS = st.lists(st.integers(1, 40), min_size=1, max_size=30)


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """Pieces of these sizes, over and over."""
    pieces: list[bytes] = []
    sizes = list(sizes)
    while data:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
    return pieces


NAMES = st.sampled_from(["Content-Type", "Set-Cookie", "set-cookie", "X-Set-Cookie", "Vary"])
VALUES = st.sampled_from(["a=1; Path=/", "sid=x; HttpOnly", "set-cookie: no", "", "sid2=y"])
HEADS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
ENDS = st.sampled_from(["\r\n", "\n"])
BODIES = st.sampled_from([b"", b"body", b"\nSet-Cookie: in=body\n\n", b"HTTP/1.1 200 OK\r\n\r\n"])


def head(fields: Sequence[tuple[str, str]], end: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields)]
    return (end.join(lines) + 2 * end).encode()


@given(st.lists(st.tuples(HEADS, BODIES, st.booleans()), min_size=1, max_size=4), ENDS, CUTS)
def test_cookies_are_dropped_and_all_else_stays(
    answers: list[tuple[list[tuple[str, str]], bytes, bool]], end: str, sizes: list[int]
) -> None:
    speech = reading(Http, Rule("drop-cookie", {}))
    for fields, body, continues in answers:
        assert speech.asked(b"GET / HTTP/1.1\r\n\r\n") == b"GET / HTTP/1.1\r\n\r\n"
        before = head([], end, "100 Continue") if continues else b""
        kept = [field for field in fields if field[0].lower() != "set-cookie"]
        whole = before + head(fields, end) + body
        passed = b"".join(map(speech.answered, cut(whole, sizes)))
        assert passed == before + head(kept, end) + body


@given(st.binary(max_size=200), CUTS)
def test_what_is_no_http_passes_as_it_is(data: bytes, sizes: list[int]) -> None:
    speech = reading(Http, Rule("drop-cookie", {}))
    speech.asked(b"?")
    passed = b"".join(map(speech.answered, cut(data, sizes)))
    assert passed + speech.answered(b"", last=True) == data


def test_only_the_named_cookie_is_dropped_and_only_so_often() -> None:
    rule = Rule("drop-cookie", {"name": "sid", "count": 1})
    speech = reading(Http, rule)
    both = head([("Set-Cookie", "sid=1"), ("Set-Cookie", "sid2=1")], "\r\n")
    passed = []
    for _ in range(2):
        speech.asked(b"GET / HTTP/1.1\r\n\r\n")
        passed.append(speech.answered(both))
    assert passed == [head([("Set-Cookie", "sid2=1")], "\r\n"), both]
    assert rule.done == 1


def test_a_health_check_is_no_request_that_counts() -> None:
    begun: list[bool] = []
    speech = reading(Http, spare=b"/readyz", begun=begun)
    for path in ("/readyz", "/me"):
        speech.asked(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        speech.answered(b"HTTP/1.1 200 OK\r\n\r\n")
    assert begun == [False, True]


def test_of_unknown_bytes_a_request_is_what_follows_an_answer() -> None:
    begun: list[bool] = []
    speech = reading(Speech, begun=begun)
    for data in (b"as", b"k"):
        speech.asked(data)
    speech.answered(b"an")
    speech.answered(b"swer")
    speech.asked(b"more")
    assert len(begun) == 2


def command(*words: bytes) -> bytes:
    bulks = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    return b"*%d\r\n%s" % (len(words), bulks)


WORDS = st.binary(max_size=60)
COMMANDS = st.tuples(st.sampled_from([b"GET", b"set", b"EVALSHA", b"PING", b"DEL"]), WORDS, WORDS)


@given(st.lists(COMMANDS, max_size=8), CUTS)
def test_commands_pass_unchanged(words: list[tuple[bytes, ...]], sizes: list[int]) -> None:
    begun: list[bool] = []
    speech = reading(Redis, begun=begun)
    whole = b"".join(command(*one) for one in words)
    assert b"".join(map(speech.asked, cut(whole, sizes))) == whole
    assert begun == [one[0] != b"PING" for one in words]


@given(st.lists(COMMANDS, max_size=8), CUTS)
def test_writes_are_refused_by_redis_itself(
    words: list[tuple[bytes, ...]], sizes: list[int]
) -> None:
    speech = reading(Redis, Rule("full", {}))
    whole = b"".join(command(*one) for one in words)
    passed = b"".join(map(speech.asked, cut(whole, sizes)))
    refused = (
        rb"\*3\r\n\$4\r\nEVAL\r\n\$\d+\r\nreturn redis.error_reply\(\"OOM [^\r]+\r\n\$1\r\n0\r\n"
    )
    stay = [one for one in words if one[0] in (b"GET", b"PING", b"DEL")]
    assert len(re.findall(refused, passed)) == len(words) - len(stay)
    assert re.sub(refused, b"", passed) == b"".join(command(*one) for one in stay)


def test_only_the_next_write_is_refused() -> None:
    speech = reading(Redis, Rule("readonly", {"count": 1}))
    asked = command(b"GET", b"a"), command(b"SET", b"a", b"1")
    passed = [speech.asked(one) for one in (asked[0], asked[1], asked[1])]
    assert [b"READONLY" in one for one in passed] == [False, True, False]


@given(st.binary(max_size=200), CUTS)
def test_what_is_no_command_passes_as_it_is(data: bytes, sizes: list[int]) -> None:
    speech = reading(Redis, Rule("readonly", {}))
    passed = b"".join(map(speech.asked, cut(b"!" + data, sizes)))
    assert passed + speech.asked(b"", last=True) == b"!" + data
