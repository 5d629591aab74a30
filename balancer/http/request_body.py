"""A request's body on its way through: out of the client's framing, into ours, kept while small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import chunked
from sessionlab.balancer.http.chunked import ChunkedReader
from sessionlab.balancer.http.request_fields import CHUNKED

if TYPE_CHECKING:
    from collections.abc import Container

_MOST_KEPT = 64 * 1024


class RequestBody:
    """One body. What was sent of it is kept up to 64 KiB, so that it can be sent once more.

    After `take` has set `done`, `rest` holds what came behind the body.
    """

    __slots__ = ("_chunks", "_kept", "_left", "_limit", "_size", "_taken", "done", "rest")

    def __init__(self, length: int, limit: int, options: Container[bytes] = ()) -> None:
        """Of `length` bytes or `CHUNKED`; raises `RefusedError` (413) if over `limit` (0: none).

        `options` are the names that Connection lists, in lower case.
        """
        self._chunks = ChunkedReader(options) if length == CHUNKED else None
        self._left = length
        self._limit = limit
        self._taken = 0
        self._size = 0
        self._kept: list[bytes] | None = []
        self.done = False
        self.rest = b""
        if limit and length > limit:
            raise self._too_large()

    def take(self, data: bytes) -> bytes:
        """The piece of the forwarded body that `data` makes; raises `RefusedError`."""
        chunks = self._chunks
        piece = self._take_sized(data) if chunks is None else self._unchunk(chunks, data)
        if self._kept is not None:
            self._kept.append(piece)
            self._size += len(piece)
        return piece

    @property
    def plenty(self) -> bool:
        """Whether more is kept than should be, so that no more is to be read meanwhile."""
        return self._kept is not None and self._size > _MOST_KEPT

    @property
    def begun(self) -> bool:
        """Whether any of it has come."""
        return self._size > 0

    @property
    def stays_repeatable(self) -> bool:
        """Whether it is known already that all of it will be kept."""
        if self.done:
            return self._kept is not None and not self.plenty
        sized = self._chunks is None and self._kept is not None
        return sized and self._size + self._left <= _MOST_KEPT

    @property
    def repeatable(self) -> bool:
        """Whether all that was taken is still there."""
        return self._kept is not None

    def again(self) -> bytes:
        """All that was taken, to be sent from the beginning."""
        return b"".join(self._kept or ())

    def trim(self) -> None:
        """It is on its way: keep it only if it is small."""
        if self.plenty:
            self._kept = None

    def _take_sized(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left > 0:
            return data
        self.done = True
        if self._left < 0:
            data, self.rest = data[: self._left], data[self._left :]
        return data

    def _unchunk(self, chunks: ChunkedReader, data: bytes) -> bytes:
        payload = chunks.feed(data)
        self._taken += len(payload)
        if self._limit and self._taken > self._limit:
            raise self._too_large()
        piece = chunked.encode(payload)
        if chunks.done:
            self.done = True
            self.rest = chunks.rest
            piece += chunked.LAST_CHUNK + chunks.trailers + b"\r\n"
        return piece

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the request body is larger than {self._limit} bytes")
