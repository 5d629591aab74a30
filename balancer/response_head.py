"""A response's head: framing, what to forward, and the cookies that it sets."""

import re
from dataclasses import dataclass

import httptools

from balancer.errors import BadAnswerError

CHUNKED = -1
UNTIL_CLOSE = -2
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([\t -~\x80-\xff]*))?")
_LENGTH = re.compile(rb"\d{1,18}")
_TOKENS = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DROPPED = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate te trailer upgrade "
    b"content-length transfer-encoding".split()
)


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
    headers = _cut(head)
    options: set[bytes] = set()
    for name, value in headers:
        if name.lower() == b"connection":
            options.update(token.lower() for token in _TOKENS.findall(value))
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, match[3] or b"")]
    cookies: list[bytes] = []
    upgrade = b""
    for name, value in headers:
        lower = name.lower()
        if lower == b"set-cookie":
            cookies.append(value)
        elif lower == b"upgrade":
            upgrade = value
        if lower not in _DROPPED and lower not in options:
            lines.append(b"%b: %b\r\n" % (name, value))
    minor = match[1] == b"1"
    persistent = b"close" not in options and (minor or b"keep-alive" in options)
    length = _length(headers, minor=minor)
    bodiless = to_head or status < 200 or status in {204, 304}  # noqa: PLR2004
    if length == UNTIL_CLOSE and not bodiless:
        persistent = False
    response = Response(
        head,
        to_head,
        bodiless,
        status,
        length,
        persistent,
        b"".join(lines),
        b"",
        tuple(cookies),
        upgrade,
    )
    response.ready = response.lines + response.framing(chunked_allowed=True) + b"\r\n"
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


def _length(headers: list[tuple[bytes, bytes]], *, minor: bool) -> int:
    """Content-Length, `CHUNKED` or `UNTIL_CLOSE` (RFC 9112 section 6.3)."""
    lengths = {value for name, value in headers if name.lower() == b"content-length"}
    codings = [value for name, value in headers if name.lower() == b"transfer-encoding"]
    if codings:
        if lengths or len(codings) > 1 or codings[0].lower() != b"chunked" or not minor:
            raise BadAnswerError("ambiguous or unknown Transfer-Encoding")
        return CHUNKED
    if not lengths:
        return UNTIL_CLOSE
    value = lengths.pop()
    if lengths or _LENGTH.fullmatch(value) is None:
        raise BadAnswerError("ambiguous or malformed Content-Length")
    return int(value)
