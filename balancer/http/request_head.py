"""A request's head: a request line, and header lines whose meaning is in `request_fields`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import request_fields
from sessionlab.balancer.http.header_lines import MOST_LINE, MOST_SET, Lines, cost, without
from sessionlab.balancer.http.request_fields import HOST, Fields

if TYPE_CHECKING:
    from collections.abc import Collection

    from sessionlab.balancer.config.model import Limits
    from sessionlab.balancer.http.header_lines import Line
    from sessionlab.balancer.http.request_fields import Rule

    _Lines = tuple[Line[Rule], ...]

_MOST_SETS = 1024
_METHODS = {
    method: method not in {b"POST", b"PATCH"}
    for method in b"GET HEAD POST PUT DELETE OPTIONS PATCH PROPFIND REPORT SEARCH QUERY".split()
}
"""Those that we know, and whether they are idempotent; others are passed on and never repeated."""
_REFUSED = frozenset({b"CONNECT", b"TRACE"})
# RFC 9110 section 2.5: a higher minor version is read as the highest that we know.
_VERSIONS = {b"HTTP/1.0": 0} | {b"HTTP/1.%d" % minor: 1 for minor in range(1, 10)}
_CAPITALS = re.compile(rb"[A-Z][A-Z_-]*")
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}")
_TARGET = bytes([33, 34, *range(36, 127)])  # printable, and no fragment
# No two neighbours here can match the same byte: this reads what strangers send, in linear time.
_LOOKS_LIKE_HTTP = re.compile(
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}(?: [!-~]*+(?: [A-Z/.\d]*+)?\r?)?"
)
_MAX_FORWARDS = re.compile(rb"((?:^|(?<=\n))max-forwards: )(\d{1,9})\r\n", re.IGNORECASE)
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)([/?].*)?", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Request:
    """A checked request head, never changed but for `start`.

    `forward` are the lines that are passed on as they are.
    """

    head: bytes
    method: bytes
    target: bytes
    """What is forwarded of the target."""
    minor: int
    idempotent: bool
    fields: Fields
    forward: bytes
    start: bytes = b""
    """What the forwarder made of it last, and what for: its own affair."""
    start_for: object = None

    @property
    def path(self) -> bytes:
        """What routes look at."""
        return self.target.partition(b"?")[0]

    def parameter(self, name: bytes) -> bytes | None:
        """The first value of a parameter of the query, as it came."""
        return parameters(self.target).get(name)

    def value(self, lower: bytes) -> bytes | None:
        """The first value of any field, by its lower-case name."""
        size = len(lower)
        for line in self.head.split(b"\r\n")[1:]:
            if line[size : size + 1] == b":" and line[:size].lower() == lower:
                return line[size + 1 :].strip(b" \t")
        return None


def parameters(target: bytes) -> dict[bytes, bytes]:
    """The first value of each parameter of the query; nothing is decoded."""
    found: dict[bytes, bytes] = {}
    for pair in target.partition(b"?")[2].split(b"&"):
        name, equals, value = pair.partition(b"=")
        if equals:
            found.setdefault(name, value)
    return found


def hopeless(partial: bytes) -> bool:
    """Whether the beginning of a head can't become a good one, so that waiting is useless."""
    if b"\0" in partial or partial.count(b"\n") != partial.count(b"\r\n"):
        return True
    return b"\n" not in partial and _LOOKS_LIKE_HTTP.fullmatch(partial) is None


class RequestHeads:
    """Reads heads, and remembers their lines and what sets of lines meant, for all connections."""

    __slots__ = ("_known", "_lines", "_most_lines", "_parameters", "_sets", "_watched")

    def __init__(self, limits: Limits, watched: Collection[bytes] = ()) -> None:
        """`watched` are the fields, by lower-case name, and `?NAME` of the parameters."""
        self._most_lines = limits.headers
        self._watched = watched
        self._parameters = tuple(name for name in watched if name[:1] == b"?")
        self._lines: Lines[Rule] = Lines(self._rule_of)
        self._known: dict[bytes, Request] = {}
        self._sets: tuple[dict[_Lines, Fields], dict[_Lines, Fields]] = ({}, {})

    def first(self, head: bytes) -> Request:
        """The same for the first request of a connection.

        Clients that make a connection for each request often send the same head on all.
        """
        request = self._known.get(head)
        if request is None:
            request = self.read(head)
            if len(head) <= MOST_LINE:
                if len(self._known) >= _MOST_SETS:
                    self._known.clear()
                self._known[head] = request
        return request

    def read(self, head: bytes) -> Request:
        """Read a head up to and including its empty line; raises `RefusedError`."""
        lines = head.split(b"\r\n")
        parts = lines[0].split(b" ")
        if len(parts) != 3:  # noqa: PLR2004 - method, target, version
            raise RefusedError(400, "malformed request line")
        method, target, version = parts
        minor = _VERSIONS.get(version)
        if minor is None or not target or target.translate(None, _TARGET):
            raise RefusedError(400, "malformed request line")
        idempotent = _METHODS.get(method)
        if idempotent is None:
            idempotent = _unknown(method)
        fields, forward = self._fields(lines[1:-2], minor)
        if method == b"OPTIONS":
            forward = _one_hop_less(forward)
        if target[0] != 47:  # noqa: PLR2004 - not "/", as origin-form begins, nearly always
            target, fields = _other_form(method, target, fields)
        if self._parameters and b"?" in target:
            fields = self._with_parameters(fields, target)
        return Request(head, method, target, minor, idempotent, fields, forward)

    def _fields(self, texts: list[bytes], minor: int) -> tuple[Fields, bytes]:
        if len(texts) > self._most_lines:
            raise RefusedError(431, f"more than {self._most_lines} header fields")
        parsed = self._lines.parse(texts)
        if parsed is None:
            raise RefusedError(400, "malformed header field")
        forward, meant = parsed
        lines = tuple(meant)
        fields = self._sets[minor].get(lines) or self._understand(lines, minor)
        if fields.options:  # RFC 9110 section 7.6.1
            forward = without(forward, fields.options)
        return fields, b"".join(forward)

    def _with_parameters(self, fields: Fields, target: bytes) -> Fields:
        found = parameters(target)
        watched = {name: found[name[1:]] for name in self._parameters if name[1:] in found}
        if not watched:
            return fields
        both = {**(fields.watched or {}), **watched}
        return replace(fields, watched=both, prepared=None, remembered=False)

    def _rule_of(self, lower: bytes) -> tuple[Rule | None, bool]:
        rule = request_fields.rule_of(lower)
        if lower in self._watched:
            return partial(request_fields.watch, lower, rule), rule is None
        return rule, rule is None

    def _understand(self, lines: _Lines, minor: int) -> Fields:
        fields = request_fields.read(lines, minor)
        if cost(lines) <= MOST_SET:
            known = self._sets[minor]
            if len(known) >= _MOST_SETS:
                known.clear()
            fields.remembered = True
            known[lines] = fields
        return fields


def _unknown(method: bytes) -> bool:
    """A gateway need not know a method: it goes on, as not idempotent (False).

    In capitals, as nginx has it: some take `head` for HEAD, which decides on bodies, and behind a
    body of wrong length stands something like `abcGET`.
    """
    if method in _REFUSED:
        raise RefusedError(405, f"{method.decode()} is not served here")
    if _METHOD.fullmatch(method) is None:
        raise RefusedError(400, "malformed request line")
    if _CAPITALS.fullmatch(method) is None:
        raise RefusedError(501, "unknown method")
    return False


def _one_hop_less(forward: bytes) -> bytes:
    """Max-Forwards counted down; at 0 it is us who answer (RFC 9110 section 7.6.2)."""
    match = _MAX_FORWARDS.search(forward)
    if match is None:
        return forward
    hops = int(match[2])
    if not hops:
        raise RefusedError(200, "Max-Forwards is 0, so this is the balancer's own answer")
    return forward[: match.start()] + b"%b%d\r\n" % (match[1], hops - 1) + forward[match.end() :]


def _other_form(method: bytes, target: bytes, fields: Fields) -> tuple[bytes, Fields]:
    """Absolute-form and `*` (RFC 9112 sections 3.2.2 and 3.2.4)."""
    if target == b"*" and method == b"OPTIONS":
        return target, fields
    match = _ABSOLUTE.fullmatch(target)
    if match is None or HOST.fullmatch(match[1]) is None:
        raise RefusedError(400, "malformed request target")
    origin = match[2] or b"/"
    if origin[:1] == b"?":
        origin = b"/" + origin
    return origin, replace(
        fields, host=match[1], prepared=None, remembered=False
    )  # its authority is the Host


NO_REQUEST = Request(b"", b"", b"", 1, False, Fields(), b"")
"""Stands for the request before the first one."""
