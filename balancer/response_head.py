"""A response's head: framing, what to forward, and the cookies that it sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import httptools

from balancer.errors import BadAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNKED = -1
UNTIL_CLOSE = -2
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([\t -~\x80-\xff]*))?")
_LENGTH = re.compile(rb"\d{1,18}")
_TOKENS = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(slots=True)
class Response:
    """A checked response head. Never changed after parsing.

    `lines` is the status line and the fields to forward without framing; `ready` the same with
    the framing and the empty line, for the usual case of a keep-alive HTTP/1.1 client.
    """

    head: bytes
    to_head: bool
    bodiless: bool
    status: int
    length: int
    keep_alive: bool
    lines: bytes
    ready: bytes
    cookies: tuple[bytes, ...]
    upgrade: bytes

    def framing(self, *, chunked_allowed: bool) -> bytes:
        """The line that delimits the body, or nothing when the end of the connection does."""
        if self.length >= 0 and not self.bodiless_status:
            return b"Content-Length: %d\r\n" % self.length
        if self.length == CHUNKED and chunked_allowed:
            return b"Transfer-Encoding: chunked\r\n"
        return b""

    @property
    def bodiless_status(self) -> bool:
        """1xx and 204 carry neither body nor framing (RFC 9110 section 8.6)."""
        return self.status < 200 or self.status == 204  # noqa: PLR2004


class _Cutter:
    __slots__ = ("headers",)

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


def parse(head: bytes, *, to_head: bool) -> Response:
    """Parse a head with its empty line; `to_head` when it answers HEAD.

    Raises `BadAnswerError` for anything whose meaning two readers could differ on.
    """
    end = head.find(b"\r\n")
    match = _STATUS_LINE.fullmatch(head, 0, end)
    if match is None:
        raise BadAnswerError("malformed status line")
    status = int(match[2])
    found = _Found()
    for name, value in _cut(head):
        rule = _rule_of(name)
        if rule is None:
            found.lines.append(b"%b: %b\r\n" % (name, value))
        else:
            rule(found, value)
    minor = match[1] == b"1"
    length = found.framing(chunked_known=minor)
    persistent = b"close" not in found.options and (minor or b"keep-alive" in found.options)
    bodiless = to_head or status < 200 or status in {204, 304}  # noqa: PLR2004
    if length == UNTIL_CLOSE and not bodiless:
        persistent = False
    lines = b"HTTP/1.1 %d %b\r\n%b" % (status, match[3] or b"", found.forwarded())
    response = Response(
        head,
        to_head,
        bodiless,
        status,
        length,
        persistent,
        lines,
        b"",
        found.cookies,
        found.upgrade,
    )
    response.ready = lines + response.framing(chunked_allowed=True) + b"\r\n"
    return response


def _cut(head: bytes) -> list[tuple[bytes, bytes]]:
    cutter = _Cutter()
    try:
        httptools.HttpResponseParser(cutter).feed_data(head)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise BadAnswerError(f"malformed header fields: {error}") from None
    return [(name, value.strip(b" \t")) for name, value in cutter.headers]


class _Found:
    """What a response's fields say."""

    __slots__ = ("codings", "cookies", "lengths", "lines", "options", "upgrade")

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.cookies: tuple[bytes, ...] = ()
        self.options: set[bytes] = set()
        self.lengths: set[bytes] = set()
        self.codings: list[bytes] = []
        self.upgrade = b""

    def forwarded(self) -> bytes:
        """The lines to pass on, without those that Connection names."""
        if not self.options:
            return b"".join(self.lines)
        options = self.options
        return b"".join(
            [line for line in self.lines if line.partition(b":")[0].lower() not in options]
        )

    def framing(self, *, chunked_known: bool) -> int:
        """Content-Length, `CHUNKED` or `UNTIL_CLOSE` (RFC 9112 section 6.3)."""
        if self.codings:
            if self.lengths or self.codings != [b"chunked"] or not chunked_known:
                raise BadAnswerError("ambiguous or unknown Transfer-Encoding")
            return CHUNKED
        if not self.lengths:
            return UNTIL_CLOSE
        value = self.lengths.pop()
        if self.lengths or _LENGTH.fullmatch(value) is None:
            raise BadAnswerError("ambiguous or malformed Content-Length")
        return int(value)


def _connection(found: _Found, value: bytes) -> None:
    found.options.update(token.lower() for token in _TOKENS.findall(value))


def _set_cookie(found: _Found, value: bytes) -> None:
    found.cookies += (value,)
    found.lines.append(b"Set-Cookie: %b\r\n" % value)


def _content_length(found: _Found, value: bytes) -> None:
    found.lengths.add(value)


def _transfer_encoding(found: _Found, value: bytes) -> None:
    found.codings.append(value.lower())


def _upgrade(found: _Found, value: bytes) -> None:
    found.upgrade = value


def _drop(found: _Found, value: bytes) -> None:
    """Leave it out."""


_RULES: dict[bytes, Callable[[_Found, bytes], None]] = {
    b"connection": _connection,
    b"set-cookie": _set_cookie,
    b"content-length": _content_length,
    b"transfer-encoding": _transfer_encoding,
    b"upgrade": _upgrade,
    **dict.fromkeys(b"keep-alive proxy-connection proxy-authenticate te trailer".split(), _drop),
}


@lru_cache(maxsize=1024)
def _rule_of(name: bytes) -> Callable[[_Found, bytes], None] | None:
    """What is done with a field of that name; None: it is passed on."""
    return _RULES.get(name.lower())


NO_RESPONSE = Response(b"\0", False, False, 0, 0, False, b"", b"", (), b"")
"""Stands for the answer before the first one; no head begins like it."""
