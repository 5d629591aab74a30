"""What a request's header lines mean to the balancer.

Two parsers look at every set of lines that framing, routing or affinity rests on. The grammar of
`header_lines` cuts them, and the rules below, which are stricter (RFC 9112 where it leaves a
choice), decide; llhttp (through httptools) has to agree. Nothing is forwarded as it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import httptools

from sessionlab.balancer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.balancer.http.header_lines import Line

    Rule = Callable[["Fields", "_Seen", bytes], None]

CHUNKED = -1
# RFC 3986 allows a comma in a name; to who joins fields of one name it is two Hosts.
HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+;=]+)(?::\d{0,5})?")
_LENGTH = re.compile(rb"\d{1,18}")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_TOKENS = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NO_OPTIONS: frozenset[bytes] = frozenset()

# Not forwarded as they came: hop-by-hop (RFC 9110 section 7.6.1) or written anew by us.
_DROPPED = frozenset(
    b"keep-alive proxy-connection proxy-authenticate proxy-authorization "
    b"http2-settings x-balancer".split()
)


@dataclass(slots=True)
class Fields:
    """What the lines of a head say, those that are merely passed on left aside.

    Never changed after parsing (frozen would cost 1 µs more); `prepared` alone holds what the
    forwarder last made of it, if it is `remembered`: the two refer to each other, and what nobody
    remembers should not have to wait for the collector of cycles.
    """

    minor: int = 1
    prepared: Any = None
    remembered: bool = False
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
    """Forwarded, X-Real-IP and X-Forwarded-*, as the peer claims them: lower-case name to value."""
    watched: dict[bytes, bytes] | None = None
    """The first value of each field that an affinity looks at, by its lower-case name, and of each
    parameter, by its name behind a question mark."""
    options: frozenset[bytes] = _NO_OPTIONS
    """The names that Connection lists, in lower case."""


class _Seen:
    """What a head may hold once, and what only all its lines together decide."""

    __slots__ = ("coding", "cookies", "hosts", "lengths", "options", "upgrade")

    def __init__(self) -> None:
        self.hosts = 0
        self.lengths = 0
        self.coding = 0
        self.cookies: list[bytes] = []
        self.options: set[bytes] = set()
        self.upgrade = b""


def read(lines: Sequence[Line[Rule]], minor: int) -> Fields:
    """The meaning of the lines that have a rule. Raises `RefusedError`."""
    _second_opinion(lines, minor)
    fields = Fields(minor, keep_alive=minor == 1)
    seen = _Seen()
    for line in lines:
        if line.rule is not None:
            line.rule(fields, seen, line.value)
    _conclude(fields, seen, minor)
    return fields


def _second_opinion(lines: Sequence[Line[Rule]], minor: int) -> None:
    head = b"GET / HTTP/1.%d\r\n%b\r\n" % (minor, b"".join([line.text for line in lines]))
    try:
        httptools.HttpRequestParser(None).feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # llhttp stops at an Upgrade; what follows is not its affair
    except httptools.HttpParserError as error:
        raise RefusedError(400, f"malformed header fields: {error}") from None


def _host(fields: Fields, seen: _Seen, value: bytes) -> None:
    seen.hosts += 1
    if seen.hosts > 1 or HOST.fullmatch(value) is None:
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


_RULES: dict[bytes, Rule] = {
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


def rule_of(lower: bytes) -> Rule | None:
    """What is done with a field of that name; None: it is passed on."""
    dashed = lower.replace(b"_", b"-")
    if lower in _RULES:
        return _RULES[lower]
    # CGI can't tell `_` from `-`, so such spellings of what we decide on must not get through.
    if dashed in _DROPPED or (dashed != lower and dashed in _RULES):
        return _drop
    if dashed in {b"forwarded", b"x-real-ip"} or dashed.startswith(b"x-forwarded-"):
        return partial(_claim, lower)
    return None


def watch(lower: bytes, rule: Rule | None, fields: Fields, seen: _Seen, value: bytes) -> None:
    """The rule of a field that an affinity looks at, beside the one that it has anyway."""
    if rule is not None:
        rule(fields, seen, value)
    if fields.watched is None:
        fields.watched = {}
    fields.watched.setdefault(lower, value)


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
    fields.options = frozenset(seen.options)
