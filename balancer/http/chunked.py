"""The chunked transfer coding (RFC 9112 section 7.1), read strictly and written anew.

What is forwarded is never the sender's framing: the payload is taken out and framed again,
so that two parsers can't disagree about it. Chunk extensions are dropped (section 7.1.1).
"""

import re
from collections.abc import Container

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http.request_fields import rule_of

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t -~\x80-\xff]*)?")
_PADDED_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t -~\x80-\xff]*)?")
_TRAILER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*+([\t -~\x80-\xff]*)")
_MAX_LINE = 1024
_MAX_TRAILERS = 8192
# RFC 9110 section 6.5.1: fields for framing, routing, authentication don't belong in a trailer.
_FORBIDDEN = frozenset(
    b"transfer-encoding content-length host connection keep-alive te trailer upgrade expect "
    b"authorization cookie set-cookie proxy-authorization content-encoding content-type "
    b"content-range max-forwards cache-control range via forwarded".split()
)
LAST_CHUNK = b"0\r\n"


def encode(payload: bytes) -> bytes:
    """The payload as one chunk; nothing for no payload, since an empty chunk ends the body."""
    return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""


class ChunkedReader:
    """Takes a chunked body apart as it arrives.

    After `feed` has set `done`, `rest` holds the bytes behind the body and `trailers` the
    trailer lines that may be forwarded, each ended by CRLF: none that means something as a header,
    and none of the `options`, the lower-case names that Connection lists. `padded` lets white space
    follow a size, as some servers write it: good for answers alone, which are framed anew.
    """

    __slots__ = (
        *("_buffer", "_left", "_options", "_size_line", "_trailing"),
        *("done", "rest", "trailers"),
    )

    def __init__(self, options: Container[bytes] = (), *, padded: bool = False) -> None:
        self._options = options
        self._size_line = _PADDED_LINE if padded else _SIZE_LINE
        self._buffer = b""
        self._left = -1  # bytes of the chunk still to come with their CRLF; -1: a size line next
        self._trailing = 0
        self.done = False
        self.rest = b""
        self.trailers = b""

    def feed(self, data: bytes) -> bytes:
        """The payload in `data`; raises `RefusedError` (400) on anything out of grammar."""
        buffer = self._buffer + data if self._buffer else data
        pieces: list[bytes] = []
        position = 0
        while not self.done:
            taken = self._step(buffer, position, pieces)
            if taken == 0:
                break
            position += taken
        self._buffer = b""
        if self.done:
            self.rest = buffer[position:]
        else:
            self._buffer = buffer[position:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _step(self, buffer: bytes, at: int, pieces: list[bytes]) -> int:
        """Consume one size line, piece of data or trailer line; 0 when more must arrive."""
        if self._left >= 0:
            return self._take_data(buffer, at, pieces)
        end = buffer.find(b"\n", at, at + _MAX_LINE)
        if end < 0:
            if len(buffer) - at >= _MAX_LINE:
                raise RefusedError(400, "chunk size or trailer line too long")
            return 0
        if buffer[end - 1 : end] != b"\r" or end == at:
            raise RefusedError(400, "bare LF in chunked framing")
        line = buffer[at : end - 1]
        if self._trailing:
            self._take_trailer(line)
        else:
            self._take_size(line)
        return end + 1 - at

    def _take_size(self, line: bytes) -> None:
        match = self._size_line.fullmatch(line)
        if match is None:
            raise RefusedError(400, "malformed chunk size")
        size = int(match[1], 16)
        if size:
            self._left = size + 2
        else:
            self._trailing = 1

    def _take_data(self, buffer: bytes, at: int, pieces: list[bytes]) -> int:
        available = len(buffer) - at
        if self._left > 2:  # noqa: PLR2004 - the two bytes are the CRLF behind the data
            size = min(self._left - 2, available)
            if size:
                pieces.append(buffer[at : at + size])
                self._left -= size
            return size
        if available < self._left:
            return 0
        if buffer[at : at + 2] != b"\r\n":
            raise RefusedError(400, "chunk data longer than its size")
        self._left = -1
        return 2

    def _take_trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        self._trailing += len(line)
        match = _TRAILER.fullmatch(line)
        if match is None or self._trailing > _MAX_TRAILERS:
            raise RefusedError(400, "malformed or oversized trailer")
        name = match[1].lower()
        if name.replace(b"_", b"-") in _FORBIDDEN or name in self._options or rule_of(name):
            return
        self.trailers += b"%b: %b\r\n" % (match[1], match[2].strip(b" \t"))
