"""A request's head: taken apart by llhttp, checked again here, and ready to be written anew.

Two parsers look at every new head. llhttp (through httptools) cuts it; then the rules below,
which are stricter (RFC 9112 where it leaves a choice), decide. Nothing is forwarded as it came.

Clients repeat their header blocks word for word (HPACK rests on the same observation), so a worker
keeps the last ones: an equal block is not parsed again, on whatever connection it comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import httptools

from balancer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from balancer.config import Limits
    from balancer.forwarding import Prepared

    _Rule = Callable[["Fields", "_Seen", bytes], None]

CHUNKED = -1
_MOST_BLOCKS = 1024
_MOST_BLOCK = 2048  # bytes; longer ones are rare, and 1024 of them would be much memory
_METHODS = frozenset(
    b"GET HEAD POST PUT DELETE OPTIONS PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK "
    b"REPORT SEARCH QUERY LINK UNLINK PURGE MKCALENDAR".split()
)
_IDEMPOTENT = frozenset(b"GET HEAD PUT DELETE OPTIONS PROPFIND REPORT SEARCH QUERY".split())
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) ([!-\"$-~]+) HTTP/1\.([01])")
_LOOKS_LIKE_HTTP = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}(?: [!-~]* ?(?:[A-Z/.\d]*\r?)?)?")
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)([/?].*)?", re.IGNORECASE)
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]+)(?::\d{0,5})?")
_PRINTABLE = b"\t\r\n" + bytes(range(32, 127)) + bytes(range(128, 256))
_LENGTH = re.compile(rb"\d{1,18}")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_TOKENS = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# Not forwarded as they came: hop-by-hop (RFC 9110 section 7.6.1) or written anew by us.
_DROPPED = frozenset(
    b"keep-alive proxy-connection proxy-authenticate proxy-authorization trailer "
    b"http2-settings x-real-ip".split()
)


@dataclass(slots=True)
class Fields:
    """What a header block says.

    Never changed after parsing (frozen would cost 1 µs more); `prepared` alone holds what was last
    made of it.
    """

    minor: int = 1
    prepared: Prepared | None = None
    forward: bytes = b""
    host: bytes = b""
    length: int = 0
    sized: bool = False
    keep_alive: bool = True
    expect_continue: bool = False
    upgrade: bytes = b""
    cookie: bytes = b""
    request_id: bytes = b""
    te_trailers: bool = False
    claimed: dict[bytes, bytes] | None = None
    """Forwarded and X-Forwarded-*, as the peer claims them: lower-case name to value."""
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def value(self, lower: bytes) -> bytes | None:
        """The first value of a field, by its lower-case name."""
        for name, value in self.headers:
            if name.lower() == lower:
                return value
        return None


@dataclass(slots=True)
class Request:
    """A checked request head. `path` is what routes look at, `target` what is forwarded."""

    head: bytes
    method: bytes
    target: bytes
    path: bytes
    minor: int
    idempotent: bool
    fields: Fields


class _Cutter:
    """Collects what llhttp finds."""

    __slots__ = ("headers",)

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


def hopeless(partial: bytes) -> bool:
    """Whether the beginning of a head can't become a good one, so that waiting is useless."""
    if b"\0" in partial or partial.count(b"\n") != partial.count(b"\r\n"):
        return True
    return b"\n" not in partial and _LOOKS_LIKE_HTTP.fullmatch(partial) is None


class Blocks:
    """The header blocks that were seen lately, by their bytes and the minor version."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, Fields] = {}

    def fields(self, head: bytes, block: bytes, minor: int, limits: Limits) -> Fields:
        """The fields of a block; raises `RefusedError`. A refused block is not remembered."""
        fields = self._known.get(block)
        if fields is not None and fields.minor == minor:
            return fields
        fields = _parse_fields(head, block, minor, limits)
        if len(block) <= _MOST_BLOCK:
            if len(self._known) >= _MOST_BLOCKS:
                self._known.clear()  # cheaper on the hot path than keeping an order of use
            self._known[block] = fields
        return fields


def parse(head: bytes, blocks: Blocks, limits: Limits) -> Request:
    """Parse a head up to and including its empty line; raises `RefusedError`."""
    end = head.find(b"\r\n")
    match = _REQUEST_LINE.fullmatch(head, 0, end)
    if match is None:
        raise RefusedError(400, "malformed request line")
    method, target = match[1], match[2]
    minor = 1 if match[3] == b"1" else 0
    _check_method(method)
    fields = blocks.fields(head, head[end + 2 :], minor, limits)
    if target[0] == 47:  # noqa: PLR2004 - "/": origin-form, nearly always
        path = target.partition(b"?")[0]
    else:
        target, path, fields = _other_form(method, target, fields)
    return Request(head, method, target, path, minor, method in _IDEMPOTENT, fields)


def _check_method(method: bytes) -> None:
    if method not in _METHODS:
        if method in {b"CONNECT", b"TRACE"}:
            raise RefusedError(405, f"{method.decode()} is not served here")
        raise RefusedError(501, "unknown method")


def _other_form(method: bytes, target: bytes, fields: Fields) -> tuple[bytes, bytes, Fields]:
    """Absolute-form and `*` (RFC 9112 sections 3.2.2 and 3.2.4)."""
    if target == b"*" and method == b"OPTIONS":
        return target, b"*", fields
    match = _ABSOLUTE.fullmatch(target)
    if match is None or _HOST.fullmatch(match[1]) is None:
        raise RefusedError(400, "malformed request target")
    origin = match[2] or b"/"
    if origin[:1] == b"?":
        origin = b"/" + origin
    fields = replace(fields, host=match[1], prepared=None)  # the target's authority is the Host
    return origin, origin.partition(b"?")[0], fields


def _parse_fields(head: bytes, block: bytes, minor: int, limits: Limits) -> Fields:
    if block.translate(None, _PRINTABLE):
        raise RefusedError(400, "control character in a header field")
    headers = _cut(head)
    if len(headers) > limits.header_count:
        raise RefusedError(431, f"more than {limits.header_count} header fields")
    fields = Fields(minor, keep_alive=minor == 1, headers=tuple(headers))
    seen = _Seen()
    lines: list[bytes] = []
    for name, untrimmed in headers:
        value = untrimmed.strip(b" \t")  # llhttp leaves the space at the end
        rule = _rule_of(name)
        if rule is None:
            lines.append(b"%b: %b\r\n" % (name, value))
        else:
            rule(fields, seen, value)
    _conclude(fields, seen, minor)
    if seen.options:
        lines = _without(lines, seen.options)
    fields.forward = b"".join(lines)
    return fields


def _cut(head: bytes) -> list[tuple[bytes, bytes]]:
    cutter = _Cutter()
    try:
        httptools.HttpRequestParser(cutter).feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # llhttp stops at an Upgrade; the head is whole, and what follows is not its affair
    except httptools.HttpParserError as error:
        raise RefusedError(400, f"malformed header fields: {error}") from None
    return cutter.headers


class _Seen:
    """What a block may hold once, and the names that Connection lists."""

    __slots__ = ("coding", "cookies", "hosts", "lengths", "options", "upgrade")

    def __init__(self) -> None:
        self.hosts = 0
        self.lengths = 0
        self.coding = 0
        self.cookies: list[bytes] = []
        self.options: set[bytes] = set()
        self.upgrade = b""


def _host(fields: Fields, seen: _Seen, value: bytes) -> None:
    seen.hosts += 1
    if seen.hosts > 1 or _HOST.fullmatch(value) is None:
        raise RefusedError(400, "repeated or malformed Host")  # RFC 9112 section 3.2
    fields.host = value


def _content_length(fields: Fields, seen: _Seen, value: bytes) -> None:
    seen.lengths += 1
    if seen.lengths > 1 or seen.coding or _LENGTH.fullmatch(value) is None:
        raise RefusedError(400, "ambiguous or malformed Content-Length")  # RFC 9112 section 6.3
    fields.length = int(value)
    fields.sized = True


def _transfer_encoding(fields: Fields, seen: _Seen, value: bytes) -> None:
    seen.coding += 1
    if seen.coding > 1 or seen.lengths or value.lower() != b"chunked":
        raise RefusedError(400, "ambiguous or unknown Transfer-Encoding")  # RFC 9112 section 6.1
    fields.length = CHUNKED


def _connection(fields: Fields, seen: _Seen, value: bytes) -> None:
    seen.options.update(token.lower() for token in _TOKENS.findall(value))


def _cookie(fields: Fields, seen: _Seen, value: bytes) -> None:
    seen.cookies.append(value)


def _expect(fields: Fields, seen: _Seen, value: bytes) -> None:
    if value.lower() != b"100-continue":
        raise RefusedError(417, "unknown expectation")  # RFC 9110 section 10.1.1
    fields.expect_continue = True


def _upgrade(fields: Fields, seen: _Seen, value: bytes) -> None:
    seen.upgrade = value


def _te(fields: Fields, seen: _Seen, value: bytes) -> None:
    fields.te_trailers = b"trailers" in value.lower()


def _request_id(fields: Fields, seen: _Seen, value: bytes) -> None:
    if _REQUEST_ID.fullmatch(value):
        fields.request_id = value


_RULES: dict[bytes, _Rule] = {
    b"host": _host,
    b"content-length": _content_length,
    b"transfer-encoding": _transfer_encoding,
    b"connection": _connection,
    b"cookie": _cookie,
    b"expect": _expect,
    b"upgrade": _upgrade,
    b"te": _te,
    b"x-request-id": _request_id,
}


@lru_cache(maxsize=1024)
def _rule_of(name: bytes) -> _Rule | None:
    """What is done with a field of that name; None: it is passed on."""
    lower = name.lower()
    dashed = lower.replace(b"_", b"-")
    if lower in _RULES:
        return _RULES[lower]
    # CGI can't tell `_` from `-`, so such spellings of what we decide on must not get through.
    if lower in _DROPPED or (dashed != lower and dashed in _RULES):
        return _drop
    if dashed == b"forwarded" or dashed.startswith(b"x-forwarded-"):
        return partial(_claim, lower)
    return None


def _drop(fields: Fields, seen: _Seen, value: bytes) -> None:
    """Leave it out."""


def _claim(lower: bytes, fields: Fields, seen: _Seen, value: bytes) -> None:
    if fields.claimed is None:
        fields.claimed = {}
    if lower in fields.claimed:
        value = fields.claimed[lower] + b", " + value
    fields.claimed[lower] = value


def _conclude(fields: Fields, seen: _Seen, minor: int) -> None:
    if not seen.hosts and minor:
        raise RefusedError(400, "no Host")
    if seen.coding and not minor:
        raise RefusedError(400, "Transfer-Encoding in HTTP/1.0")  # RFC 9112 section 6.1
    if b"close" in seen.options:
        fields.keep_alive = False
    elif not minor:
        fields.keep_alive = b"keep-alive" in seen.options
    fields.expect_continue = fields.expect_continue and minor == 1
    # h2c would hide later requests from us (RFC 9113 section 3.1 made it obsolete).
    if minor and b"upgrade" in seen.options and seen.upgrade and b"h2c" not in seen.upgrade.lower():
        fields.upgrade = seen.upgrade
    fields.cookie = b"; ".join(seen.cookies)


def _without(lines: list[bytes], options: set[bytes]) -> list[bytes]:
    """Drop the fields that Connection names (RFC 9110 section 7.6.1)."""
    return [line for line in lines if line.partition(b":")[0].lower() not in options]


NO_REQUEST = Request(b"", b"", b"", b"", 1, False, Fields())
"""Stands for the request before the first one."""
