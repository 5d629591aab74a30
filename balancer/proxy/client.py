"""A client's connection: its state, the flow of bytes, and its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from sessionlab.balancer.backends.backend import NOTHING_FOUND
from sessionlab.balancer.backends.pin import NOTHING
from sessionlab.balancer.http.request_head import NO_REQUEST
from sessionlab.balancer.proxy.forward_headers import NOT_PREPARED

if TYPE_CHECKING:
    from collections import OrderedDict

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.http.request_body import RequestBody
    from sessionlab.balancer.proxy.context import Worker
    from sessionlab.balancer.proxy.dispatch import Dispatching
    from sessionlab.balancer.proxy.forward_headers import Peer
    from sessionlab.balancer.proxy.upstream import Upstream

READING, BODY, SENT, TUNNEL, DISCARD, GREETING = range(6)
UNDER_WAY = frozenset({BODY, SENT, TUNNEL})
NOBODY: frozenset[Backend] = frozenset()
_LINGER_S = 2.0


class Client(asyncio.Protocol):
    """What a connection knows, and what it can do whoever it is talking to.

    The request side goes through READING (a head) -> BODY -> SENT, and back to READING when the
    answer is finished. GREETING comes before all, where the PROXY protocol is expected. TUNNEL and
    DISCARD are ends: after an Upgrade, and while a connection that we close lets the client read
    our last answer (RFC 9112 section 9.6).

    The answer side is `upstream` (None while connecting) and `answering` (its head was sent on).
    A client that pipelines is served in order: what it sends early waits in `buffer`, unread
    beyond. `queue` is where it waits for room at a backend; `reading` says that a loop takes
    requests out of `buffer`, which goes on by itself when one is answered on the spot.
    """

    __slots__ = (
        "answering",
        "backend",
        "body",
        "buffer",
        "closed",
        "deadline",
        "done",
        "found",
        "generation",
        "head_out",
        "held",
        "keep_alive",
        "peer",
        "prepared",
        "queue",
        "reading",
        "repeatable",
        "request",
        "sent",
        "start",
        "started",
        "state",
        "status",
        "transport",
        "tried",
        "upstream",
        "worker",
    )

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.state = READING
        self.buffer = b""
        self.request = NO_REQUEST
        self.prepared = NOT_PREPARED
        self.repeatable = b""
        self.start = b""
        self.generation = -1
        self.status = 0
        self.sent = 0
        self.done = NOTHING
        self.upstream: Upstream | None = None
        self.backend: Backend | None = None
        self.found = NOTHING_FOUND
        self.tried: set[Backend] | frozenset[Backend] = NOBODY
        self.head_out = b""
        self.answering = False
        self.keep_alive = True
        self.held = False
        self.queue: OrderedDict[Dispatching, None] | None = None
        self.reading = False
        self.closed = False
        self.body: RequestBody | None = None
        self.started = 0.0
        self.deadline = 0.0
        self.transport: asyncio.Transport
        self.peer: Peer

    def eof_received(self) -> bool:
        """The client has closed its side: taken as leaving, as nginx and Envoy do."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, and with it the need for an answer."""
        self.closed = True
        worker = self.worker
        worker.frontends.discard(self)
        if self.state in UNDER_WAY:
            self.cut("client")
        if worker.draining:
            worker.frontend_closed()

    # --- the flow of bytes -------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The client reads more slowly than its answer comes."""
        if self.upstream is not None:
            self.upstream.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self.upstream is not None:
            self.upstream.resume_reading()

    def hold(self) -> None:
        """Read no more from the client for now."""
        if not self.held and not self.closed:
            self.held = True
            self.transport.pause_reading()

    def release(self) -> None:
        """Read on, unless a pipelined request is waiting for its turn."""
        if self.held and not self.closed and not (self.state == SENT and self.buffer):
            self.held = False
            self.transport.resume_reading()

    def forward(self, data: bytes) -> None:
        """More of the answer's body, or of a tunnel."""
        self.deadline = self.worker.tunnel_at if self.state == TUNNEL else self.worker.response_at
        self.sent += len(data)
        self.transport.write(data)

    # --- ends --------------------------------------------------------------------------------

    def leave_backend(self, *, failed: bool) -> None:
        """It is no longer this client's business."""
        backend = self.backend
        self.upstream = None
        self.backend = None
        if self.queue is not None:
            self.queue.pop(cast("Dispatching", self), None)
            self.queue = None
        if backend is not None:
            backend.active -= 1
            if failed:
                self.worker.request_failed(backend)
            if self.worker.limits.backend_active:
                self.worker.freed(backend)

    def abandon(self, *, failed: bool = False) -> None:
        """Give up the exchange with the backend, if there is one."""
        upstream = self.upstream
        self.leave_backend(failed=failed)
        if upstream is None:
            return
        if self.state == TUNNEL:
            upstream.client = None
            upstream.transport.close()  # what the client said last still arrives
        else:
            upstream.drop()

    def cut(self, by: str) -> None:
        """Give up a request that has no whole answer yet; `by` says who did that."""
        raise NotImplementedError

    def close(self) -> None:
        """Close so that the client can still read our last bytes."""
        if self.closed or self.state == DISCARD:
            return
        unread = self.state != SENT or self.buffer
        self.state = DISCARD
        self.buffer = b""
        if not unread or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.deadline = self.worker.clock + _LINGER_S
        self.transport.write_eof()
        if self.held:
            self.held = False
            self.transport.resume_reading()

    def close_if_idle(self) -> None:
        """The balancer is stopping: a connection without a request has no reason to stay."""
        if self.state == READING and not self.buffer:
            self.transport.close()

    def abort(self) -> None:
        """Cut both sides at once."""
        if self.state in UNDER_WAY:
            self.cut("balancer")
        self.transport.abort()
