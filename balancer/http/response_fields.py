"""What a response's header lines mean to the balancer: where its body ends, and what is dropped.

As with requests, two parsers look at every set of lines that framing rests on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httptools

from sessionlab.balancer.errors import BadAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.balancer.http.header_lines import Line

    Rule = Callable[["_Found", bytes], None]

CHUNKED = -1
UNTIL_CLOSE = -2
_LENGTH = re.compile(rb"\d{1,18}")
_BINDING = re.compile(rb"(?:^|,[ \t]*)(?:ntlm|negotiate)(?![^ \t,])", re.IGNORECASE)
_TOKENS = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(slots=True)
class Framing:
    """What the lines with a rule say. Never changed after parsing.

    `length` is that of the body, `CHUNKED` or `UNTIL_CLOSE`; `in_place` says that the line that
    gives it is passed on as it is. `options` are the lower-case names that Connection lists, and
    `binds` says that a login by NTLM or Negotiate holds for the connection that it came by.
    """

    length: int
    in_place: bool
    keep_alive: bool
    upgrade: bytes
    options: frozenset[bytes]
    binds: bool


class _Found:
    __slots__ = ("binds", "codings", "lengths", "options", "sizes", "upgrade")

    def __init__(self) -> None:
        self.options: set[bytes] = set()
        self.lengths: set[bytes] = set()
        self.sizes = 0
        self.codings: list[bytes] = []
        self.upgrade = b""
        self.binds = False


def read(lines: Sequence[Line[Rule]], minor: int) -> Framing:
    """The meaning of the lines that have a rule. Raises `BadAnswerError`."""
    found = _Found()
    for line in lines:
        if line.rule is not None:
            line.rule(found, line.value)
    texts = [line.text for line in lines]
    if found.sizes > 1 and len(found.lengths) == 1:  # the same one again, which is repaired
        texts = [line.text for line in lines if line.rule is not content_length]
        texts.append(b"Content-Length: %b\r\n" % next(iter(found.lengths)))
    _second_opinion(texts, minor)
    persistent = b"close" not in found.options and (minor or b"keep-alive" in found.options)
    length = _length(found, minor)
    as_written = (
        found.lengths == {b"%d" % length}
        and found.sizes == 1
        and b"content-length" not in found.options
    )
    options = frozenset(found.options)
    return Framing(length, as_written, bool(persistent), found.upgrade, options, found.binds)


def _second_opinion(texts: list[bytes], minor: int) -> None:
    head = b"HTTP/1.%d 200 OK\r\n%b\r\n" % (minor, b"".join(texts))
    try:
        httptools.HttpResponseParser(None).feed_data(head)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise BadAnswerError(f"malformed header fields: {error}") from None


def _length(found: _Found, minor: int) -> int:
    """RFC 9112 section 6.3."""
    if found.codings:
        if found.lengths or found.codings != [b"chunked"] or not minor:
            raise BadAnswerError("ambiguous or unknown Transfer-Encoding")
        return CHUNKED
    if not found.lengths:
        return UNTIL_CLOSE
    value, *others = found.lengths
    if others or _LENGTH.fullmatch(value) is None:
        raise BadAnswerError("ambiguous or malformed Content-Length")
    return int(value)


def _connection(found: _Found, value: bytes) -> None:
    found.options.update(token.lower() for token in _TOKENS.findall(value))


def _transfer_encoding(found: _Found, value: bytes) -> None:
    found.codings.append(value.lower())


def _upgrade(found: _Found, value: bytes) -> None:
    found.upgrade = value


def _authenticate(found: _Found, value: bytes) -> None:
    found.binds = found.binds or _BINDING.search(value) is not None


def _drop(found: _Found, value: bytes) -> None:
    """Leave it out."""


def date(found: _Found, value: bytes) -> None:
    """The rule of Date, which is passed on; an answer without one gets it (RFC 9110 6.6.1)."""


def content_length(found: _Found, value: bytes) -> None:
    """The rule of Content-Length, passed on in its place if it is there once (RFC 9112 6.3 (5))."""
    values = [one.strip(b" \t") for one in value.split(b",")]
    found.lengths.update(values)
    found.sizes += len(values)


def set_cookie(found: _Found, value: bytes) -> None:
    """The rule of Set-Cookie, which is passed on and shown to the affinity."""


_RULES: dict[bytes, Rule] = {
    b"connection": _connection,
    b"set-cookie": set_cookie,
    b"content-length": content_length,
    b"date": date,
    b"transfer-encoding": _transfer_encoding,
    b"upgrade": _upgrade,
    b"www-authenticate": _authenticate,
    **dict.fromkeys(b"keep-alive proxy-connection proxy-authenticate te x-balancer".split(), _drop),
}


_PASSED_ON = frozenset({set_cookie, content_length, date, _authenticate})


def is_plain(lower: bytes) -> bool:
    """Whether a field of that name means nothing to us, and neither does one that looks like it."""
    return lower.replace(b"_", b"-") not in _RULES or lower == b"date"


def rule_of(lower: bytes) -> tuple[Rule | None, bool]:
    """What is done with a field of that name, and whether its line is passed on."""
    rule = _RULES.get(lower)
    return rule, rule is None or rule in _PASSED_ON
