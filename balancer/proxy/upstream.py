"""One connection to a backend: sends a request's head, reads the answer, then waits in a pool.

Phases: IDLE (in the pool, nothing may arrive) -> HEAD -> one of LENGTH, CHUNKS, UNTIL_CLOSE
-> IDLE again, or closed. An accepted Upgrade goes HEAD -> TUNNEL and never comes back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from sessionlab.balancer.backends.pool import Pool
from sessionlab.balancer.errors import BadAnswerError, RefusedError
from sessionlab.balancer.http import chunked
from sessionlab.balancer.http.chunked import ChunkedReader
from sessionlab.balancer.http.response_fields import UNTIL_CLOSE as UNTIL_CLOSED
from sessionlab.balancer.http.response_head import NO_RESPONSE

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.http.response_head import Response
    from sessionlab.balancer.proxy.context import ProxyContext

IDLE, HEAD, LENGTH, CHUNKS, UNTIL_CLOSE, TUNNEL = range(6)
_MAX_HEAD = 64 * 1024
_MOST_INTERIM = 32  # 1xx before an answer
_SWITCHING = 101
_FINAL = 200


class Receiver(Protocol):
    """Who sent a request and takes its answer: a head, pieces of a body, and an end.

    `whole` says that all of the request was sent, `own` are idle connections for it alone. After a
    start come pieces of the body and then `answer_finished`, or `answer_cut` when the connection
    breaks off. Without one the end is `unanswered`, on a `stale` connection that was in the pool,
    or with a `partial` head. `hold` and `release` say that the backend is slower than the request
    comes.
    """

    whole: bool
    own: Pool[Upstream] | None

    @property
    def takes_chunks(self) -> bool: ...
    def start_answer(self, backend: Backend, response: Response, data: bytes, end: int) -> None: ...
    def forward(self, data: bytes) -> None: ...
    def interim(self, response: Response) -> None: ...
    def switch(self, upstream: Upstream, response: Response, rest: bytes) -> bool: ...
    def half_ended(self) -> bool: ...
    def answer_finished(self) -> None: ...
    def answer_cut(self) -> None: ...
    def answer_broken(self, backend: Backend, reason: str) -> None: ...
    def unanswered(self, backend: Backend, *, stale: bool, partial: bool) -> None: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...


class Upstream(asyncio.Protocol):
    """Owned by one `receiver` while it answers, and otherwise by a `pool`.

    That is its backend's, unless a login by NTLM or Negotiate has bound the connection to its
    client; then it is the client's own, and nobody else gets it (as in HAProxy).
    """

    __slots__ = (
        "backend",
        "buffer",
        "chunks",
        "context",
        "idle_since",
        "interims",
        "left",
        "paused",
        "phase",
        "pool",
        "receiver",
        "response",
        "reused",
        "to_head",
        "transport",
    )

    def __init__(self, context: ProxyContext, backend: Backend) -> None:
        self.context = context
        self.backend = backend
        self.pool: Pool[Upstream] = backend.pool
        self.receiver: Receiver | None = None
        self.phase = IDLE
        self.buffer = b""
        self.response = NO_RESPONSE
        self.left = 0
        self.interims = 0
        self.chunks: ChunkedReader | None = None
        self.reused = False
        self.to_head = False
        self.paused = False
        self.idle_since = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def begin(self, receiver: Receiver, head: bytes, to_head: bool) -> None:
        """Send a request's head for a client; the answer goes to it."""
        self.receiver = receiver
        self.phase = HEAD
        self.interims = 0
        self.to_head = to_head
        self.transport.write(head)

    def data_received(self, data: bytes) -> None:
        """Pass an answer on."""
        receiver = self.receiver
        if receiver is None:
            # Bytes that nobody asked for would become the next client's answer.
            self.drop()
            return
        phase = self.phase
        try:
            if phase == HEAD:
                response = self.response
                if (
                    len(data) == response.size
                    and data.startswith(response.head)
                    and not self.buffer
                    and response.to_head == self.to_head
                ):  # the same head as last time, and the whole body in one piece with it
                    receiver.start_answer(self.backend, response, data, len(response.head))
                    self._finish(response.keep_alive)
                else:
                    rest = self.buffer + data if self.buffer else data
                    while rest:
                        rest = self._read_head(receiver, rest)
            elif phase == LENGTH:
                self._read_length(receiver, data)
            elif phase == CHUNKS:
                self._read_chunks(receiver, data)
            else:
                receiver.forward(data)
        except (BadAnswerError, RefusedError) as error:
            self.drop()
            receiver.answer_broken(self.backend, str(error))

    def _read_head(self, receiver: Receiver, data: bytes) -> bytes:
        """Read one head; what is behind it when that was an interim one, where another begins."""
        response = self.response
        if (
            response is not NO_RESPONSE
            and data.startswith(response.head)
            and response.to_head == self.to_head
        ):
            end = len(response.head)  # the same head as last time, down to its empty line
        else:
            taken = self.context.response_heads.take(data, to_head=self.to_head)
            if taken is None:
                self._wait_for_head(data)
                return b""
            response, end = taken
            self.buffer = b""
            if response.status < _FINAL:
                return self._interim(receiver, response, data[end:])
            self.response = response
            if response.binds:
                self.pool = receiver.own = receiver.own or Pool()
        self.buffer = b""
        if response.size < 0:
            self._unsized(receiver, response, data[end:])
            return b""
        left = response.size - len(data)
        if left <= 0:
            whole = data[: response.size] if left else data
            receiver.start_answer(self.backend, response, whole, end)
            self._finish(response.keep_alive and not left)
        else:
            self.left = left
            self.phase = LENGTH
            receiver.start_answer(self.backend, response, data, end)
        return b""

    def _wait_for_head(self, data: bytes) -> None:
        if len(data) > _MAX_HEAD:
            raise BadAnswerError("response head too large")
        self.buffer = data

    def _interim(self, receiver: Receiver, response: Response, rest: bytes) -> bytes:
        """1xx: switch protocols, or pass it on and let the next head be read."""
        if response.status == _SWITCHING:
            self.phase = TUNNEL
            if not receiver.switch(self, response, rest):
                raise BadAnswerError("101 without being asked")
            return b""
        self.interims += 1
        if self.interims > _MOST_INTERIM:
            raise BadAnswerError(f"more than {_MOST_INTERIM} interim answers")
        receiver.interim(response)
        return rest if self.receiver is not None else b""

    def _unsized(self, receiver: Receiver, response: Response, rest: bytes) -> None:
        receiver.start_answer(self.backend, response, response.head, len(response.head))
        if self.receiver is None:
            return
        if response.length == UNTIL_CLOSED:
            self.phase = UNTIL_CLOSE
            if rest:
                receiver.forward(rest)
            return
        self.phase = CHUNKS
        self.chunks = ChunkedReader(response.options, padded=True)
        if rest:
            self._read_chunks(receiver, rest)

    def _read_length(self, receiver: Receiver, data: bytes) -> None:
        self.left -= len(data)
        if self.left > 0:
            receiver.forward(data)
            return
        extra = self.left < 0
        receiver.forward(data[: self.left] if extra else data)
        self._finish(self.response.keep_alive and not extra)

    def _read_chunks(self, receiver: Receiver, data: bytes) -> None:
        chunks = cast("ChunkedReader", self.chunks)
        payload = chunks.feed(data)
        if receiver.takes_chunks:
            out = chunked.encode(payload)
            if chunks.done:
                out += chunked.LAST_CHUNK + chunks.trailers + b"\r\n"
        else:
            out = payload
        if out:
            receiver.forward(out)
        if chunks.done and self.receiver is not None:
            self._finish(self.response.keep_alive and not chunks.rest)

    def _finish(self, keep: bool) -> None:
        """The answer is complete: to the pool, or away."""
        receiver = self.receiver
        if receiver is None:
            return
        self.receiver = None
        self.phase = IDLE
        if keep and receiver.whole and not self.backend.retired:
            if self.paused:
                self.resume_reading()
            self.reused = True
            self.idle_since = self.context.clock
            self.pool.idle.append(self)
        else:
            self.transport.close()
        receiver.answer_finished()

    def drop(self) -> None:
        """Close at once and forget whose turn it was."""
        self.receiver = None
        self.pool.discard(self)
        self.transport.abort()

    def pause_reading(self) -> None:
        """The client is slower than the backend."""
        if not self.paused:
            self.paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """The client has caught up."""
        if self.paused:
            self.paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """The backend is slower than the client."""
        if self.receiver is not None:
            self.receiver.hold()

    def resume_writing(self) -> None:
        """The backend has caught up."""
        if self.receiver is not None:
            self.receiver.release()

    def eof_received(self) -> bool:
        """A close is the proper end of an answer without a length, and of one half of a tunnel."""
        receiver = self.receiver
        if receiver is not None and self.phase == UNTIL_CLOSE:
            self._finish(False)
        return receiver is not None and self.phase == TUNNEL and receiver.half_ended()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone: from the pool, or in the middle of something."""
        receiver = self.receiver
        if receiver is None:
            self.pool.discard(self)
            return
        self.receiver = None
        if self.phase == HEAD:
            receiver.unanswered(self.backend, stale=self.reused, partial=bool(self.buffer))
        else:
            receiver.answer_cut()
