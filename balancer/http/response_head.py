"""A response's head: a status line, and header lines whose meaning is in `response_fields`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sessionlab.balancer.errors import BadAnswerError
from sessionlab.balancer.http import repairs, response_fields
from sessionlab.balancer.http.header_lines import MOST_LINE, MOST_SET, Lines, cost, without
from sessionlab.balancer.http.response_fields import CHUNKED, UNTIL_CLOSE, date, set_cookie

if TYPE_CHECKING:
    from sessionlab.balancer.http.header_lines import Line
    from sessionlab.balancer.http.response_fields import Framing, Rule

    _Lines = tuple[Line[Rule], ...]

_MOST_KNOWN = 1024
_SIZE = frozenset({b"content-length"})
_CHUNKED_END = b"Transfer-Encoding: chunked\r\n\r\n"
_SWITCHING = 101
_UPGRADE_REQUIRED = 426
_UPGRADING = frozenset({_SWITCHING, _UPGRADE_REQUIRED})
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([\t -~\x80-\xff]*))?")


@dataclass(slots=True)
class Response:
    """A checked response head. Never changed after parsing, but for the Date that we add.

    `head` is what came, `start` the status line to send, and `forward` are the fields,
    Content-Length where the backend has put it; `ready` is the whole head for the usual case of a
    keep-alive HTTP/1.1 client, and `verbatim` says that it is `head`. `size` is that of head and
    body when it is known, else -1.
    """

    head: bytes
    to_head: bool
    bodiless: bool
    status: int
    length: int
    keep_alive: bool
    start: bytes
    forward: list[bytes]
    ready: bytes
    cookies: tuple[bytes, ...]
    upgrade: bytes
    size: int
    verbatim: bool
    closing: bytes = b""
    """`ready` for a client whose connection ends here; made at its first use."""
    options: frozenset[bytes] = frozenset()
    """The names that Connection lists, in lower case."""
    binds: bool = False
    """Whether the connection is its client's own from now on."""
    dated: bool = True
    """Whether the backend has said a Date."""
    date: bytes = b""
    """The line that was added where it has not."""

    @property
    def lines(self) -> bytes:
        """The status line and the fields to forward, without framing."""
        return self.start + self.date + b"".join(without(self.forward, _SIZE))

    def stamp(self, date: bytes) -> None:
        """Say in `ready` when this is, for a backend that does not; `date` is the whole line."""
        self.ready = self.start + date + self.ready[len(self.start) + len(self.date) :]
        self.closing = b""
        self.date = date

    def close(self) -> bytes:
        """Make `closing`."""
        self.closing = self.ready[:-2] + b"Connection: close\r\n\r\n"
        return self.closing

    def framing(self, *, chunked_allowed: bool) -> bytes:
        """The line that delimits the body, or nothing when the end of the connection does."""
        if self.length >= 0 and not _has_no_framing(self.status):
            return b"Content-Length: %d\r\n" % self.length
        if self.length == CHUNKED and chunked_allowed:
            return b"Transfer-Encoding: chunked\r\n"
        return b""


def _has_no_framing(status: int) -> bool:
    """1xx and 204 carry neither body nor framing (RFC 9110 section 8.6)."""
    return status < 200 or status == 204  # noqa: PLR2004


def _resized(forward: list[bytes], status: int, length: int) -> list[bytes]:
    """The lines with Content-Length last, or without it where it has no place."""
    rest = without(forward, _SIZE)
    return rest if _has_no_framing(status) else [*rest, b"Content-Length: %d\r\n" % length]


def _of_this_hop(forward: list[bytes], framing: Framing, status: int) -> list[bytes]:
    """The lines without those that Connection names (RFC 9110 section 7.6.1).

    101 and 426 have to name a protocol (sections 15.2.2 and 15.5.22).
    """
    rest = without(forward, framing.options)
    if status == _SWITCHING and (not framing.upgrade or b"upgrade" not in framing.options):
        raise BadAnswerError("101 without an Upgrade")
    if status == _UPGRADE_REQUIRED and framing.upgrade:
        return [*rest, b"Upgrade: %b\r\nConnection: Upgrade\r\n" % framing.upgrade]
    return rest


class ResponseHeads:
    """Reads heads, and remembers their lines and what sets of lines meant, for all connections."""

    __slots__ = ("_framings", "_lines", "_starts")

    def __init__(self) -> None:
        self._lines: Lines[Rule] = Lines(response_fields.rule_of)
        self._framings: tuple[dict[_Lines, Framing], dict[_Lines, Framing]] = ({}, {})
        self._starts: dict[bytes, tuple[int, int, bytes]] = {}

    def take(self, data: bytes, *, to_head: bool) -> tuple[Response, int] | None:
        """Read the head that `data` begins with; says where it ends, None while it is not whole.

        Raises `BadAnswerError`.
        """
        end = data.find(b"\r\n\r\n") + 4
        try:
            if end > 3:  # noqa: PLR2004 - found
                return self.read(data[:end], to_head=to_head), end
        except BadAnswerError:
            if repairs.line_ends(data[:end]) == data[:end]:
                raise
        end = repairs.end_of(data)
        if not end:
            return None
        raw = data[:end]
        read = self.read(repairs.line_ends(raw), to_head=to_head)
        size = read.size + len(raw) - len(read.head) if read.size >= 0 else -1
        return replace(read, head=raw, size=size, verbatim=False), end

    def read(self, head: bytes, *, to_head: bool) -> Response:
        """Read a head with its empty line, `to_head` when it answers HEAD.

        Raises `BadAnswerError` for anything whose meaning two readers could differ on.
        """
        texts = head.split(b"\r\n")
        minor, status, start = self._starts.get(texts[0]) or self._start(texts[0])
        forward, meant = self._lines.parse(texts[1:-2]) or self._repaired(texts[1:-2])
        cookies = tuple([line.value for line in meant if line.rule is set_cookie])
        # Whose values say nothing of where an answer ends, and differ often.
        lines = tuple([n for n in meant if n.rule is not set_cookie and n.rule is not date])
        framing = self._framings[minor].get(lines) or self._understand(lines, minor)
        if framing.options or status in _UPGRADING:
            forward = _of_this_hop(forward, framing, status)
        if (length := framing.length) >= 0 and (_has_no_framing(status) or not framing.in_place):
            forward = _resized(forward, status, length)
        bodiless = (empty := status < 200 or status in {204, 304}) or to_head  # noqa: PLR2004
        keep_alive = framing.keep_alive and (length != UNTIL_CLOSE or bodiless)
        if length == CHUNKED and empty:  # RFC 9112 6.1; a last chunk may follow all the same
            length, keep_alive = UNTIL_CLOSE, False
        dated = len(meant) - len(lines) > len(cookies) and b"date" not in framing.options
        ready = start + b"".join(forward) + (_CHUNKED_END if length == CHUNKED else b"\r\n")
        return Response(
            head,
            to_head,
            bodiless,
            status,
            length,
            keep_alive,
            start,
            forward,
            ready,
            cookies,
            framing.upgrade,
            len(head) if bodiless else len(head) + length if length >= 0 else -1,
            dated and ready == head,
            dated=dated,
            options=framing.options,
            binds=framing.binds,
        )

    def _repaired(self, texts: list[bytes]) -> tuple[list[bytes], list[Line[Rule]]]:
        parsed = self._lines.parse(repairs.fields(texts, response_fields.is_plain))
        if parsed is None:
            raise BadAnswerError("malformed header field")
        return parsed

    def _start(self, line: bytes) -> tuple[int, int, bytes]:
        """The minor version, the status, and the status line to send."""
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise BadAnswerError("malformed status line")
        start = b"HTTP/1.1 %b %b\r\n" % (match[2], match[3] or b"")
        found = (int(match[1]), int(match[2]), start)
        if len(line) <= MOST_LINE:
            if len(self._starts) >= _MOST_KNOWN:
                self._starts.clear()
            self._starts[line] = found
        return found

    def _understand(self, lines: _Lines, minor: int) -> Framing:
        framing = response_fields.read(lines, minor)
        if cost(lines) <= MOST_SET:
            known = self._framings[minor]
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[lines] = framing
        return framing


NO_RESPONSE = Response(b"\0", False, False, 0, 0, False, b"", [], b"", (), b"", -1, False)
"""Stands for the answer before the first one; no head begins like it."""
