"""One client's connection: reads requests, one at a time, and has each answered.

It has the bytes, the state, the deadline and the flow. What a request is and what becomes of it is
in its `Exchange`. A client that pipelines is served in order: what it sends early waits, unread
beyond.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from time import perf_counter
from typing import TYPE_CHECKING, cast

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.proxy import dispatch, own_answers, request_reader, upgrade
from sessionlab.balancer.proxy.exchange import Exchange
from sessionlab.balancer.proxy.states import (
    BODY,
    DISCARD,
    GREETING,
    READING,
    SENT,
    TUNNEL,
    UNDER_WAY,
)
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.backends.queue import Queue
    from sessionlab.balancer.http.response_head import Response
    from sessionlab.balancer.proxy.context import ProxyContext
    from sessionlab.balancer.proxy.forward_headers import Peer
    from sessionlab.balancer.proxy.upstream import Upstream

_CR = 13
_LINGER_S = 2.0
_RESET = struct.pack("ii", 1, 0)  # linger for no time at all


class ClientConnection(asyncio.Protocol):
    """From bytes to requests, and from answers to the next request or the end.

    `held` says that nothing is read from the client for now, `reading` that a loop takes requests
    out of `buffer`, which goes on by itself when one is answered on the spot. `queue` is where the
    client waits for room at a backend. `source` is where it is, if the proxy before us has said so
    already (or nothing, when that did not know); None: ask the transport, or wait for the proxy.
    """

    __slots__ = (
        "buffer",
        "closed",
        "context",
        "deadline",
        "exchange",
        "held",
        "peer",
        "queue",
        "reading",
        "source",
        "state",
        "transport",
    )

    def __init__(self, context: ProxyContext, source: str | None = None) -> None:
        self.context = context
        self.source = source
        self.exchange = Exchange(self, context, context.cluster.generation)
        greeted = source is not None or not context.config.proxy_protocol
        self.state = READING if greeted else GREETING
        self.buffer = b""
        self.queue: Queue | None = None
        self.held = False
        self.reading = False
        self.closed = False
        self.deadline = context.header_at
        self.transport: asyncio.Transport
        self.peer: Peer

    # --- the flow of bytes -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.transport = cast("asyncio.Transport", transport)
        context = self.context
        peers = context.peers
        self.peer = peers.at(self.source) if self.source else peers.of(self.transport)
        context.connections.add(self)
        if len(context.connections) > context.limits.connections:
            own_answers.refuse_unread(self.exchange, RefusedError(503, "too many connections"))

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, a body, a tunnel, or of a request that has to wait for its turn."""
        state = self.state
        exchange = self.exchange
        if state == READING:
            # The client sends its last head again, byte for byte, and nothing else. That is how
            # most keep-alive clients poll, and how every load generator works; there is nothing
            # to parse, check or route that was not before.
            if (
                data == exchange.repeatable
                and not self.buffer
                and exchange.generation == self.context.cluster.generation
            ):
                self.state = SENT
                exchange.started = perf_counter()
                dispatch.begin(exchange)
                return
            if self.buffer:
                self.buffer += data
            else:
                self.buffer = data
                # Empty lines are no request, and buy no time.
                self.deadline = self.deadline if data[0] == _CR else self.context.header_at
            request_reader.read_requests(self.exchange)
        elif state == BODY:
            request_reader.read_body(exchange, data)
        elif state == TUNNEL:
            self.deadline = self.context.tunnel_at
            if exchange.upstream is not None:
                exchange.upstream.transport.write(data)
        elif state == SENT:
            self.buffer += data
            self.hold()
        elif state == GREETING:
            self.buffer += data
            request_reader.read_greeting(exchange)

    def pause_writing(self) -> None:
        """The client reads more slowly than its answer comes."""
        if self.exchange.upstream is not None:
            self.exchange.upstream.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self.exchange.upstream is not None:
            self.exchange.upstream.resume_reading()

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

    # --- what the exchange says --------------------------------------------------------------

    def next_request(self) -> None:
        """The answer is finished and the connection stays."""
        self.state = READING
        self.deadline = self.context.idle_at
        if self.held:
            self.release()
        if self.buffer:
            self.deadline = self.context.header_at
            if not self.reading:
                request_reader.read_requests(self.exchange)

    def wake(self) -> bool:
        """There is room at a backend; False when this client waits no longer."""
        if self.queue is None or self.closed:
            return False
        until = self.deadline
        self.queue = None
        self.deadline = self.context.response_at
        dispatch.again(self.exchange, until)
        return True

    def unanswered(self, backend: Backend, *, stale: bool, partial: bool) -> None:
        """The backend has closed its connection instead of answering."""
        dispatch.unanswered(self.exchange, backend, stale=stale, partial=partial)

    def fail(self, status: int, detail: str) -> None:
        """No backend gives an answer, so we do."""
        own_answers.fail(self.exchange, status, detail)

    def switch(self, upstream: Upstream, response: Response, rest: bytes) -> None:
        """Become a tunnel."""
        self.state = TUNNEL
        self.deadline = self.context.tunnel_at
        early, self.buffer = self.buffer, b""
        upgrade.switch(self.exchange, upstream, response, rest, early)
        self.release()

    def end_tunnel(self) -> None:
        """The backend goes, as it was drained; what both sides have said still arrives."""
        own_answers.cut(self.exchange, "balancer")
        self.deadline = self.context.clock + _LINGER_S
        self.transport.close()

    # --- ends --------------------------------------------------------------------------------

    def timed_out(self) -> None:
        """The deadline has passed; what that means depends on who was to do something."""
        exchange = self.exchange
        if self.state == READING:
            if self.transport.is_closing():
                if not self.context.draining or self._all_arrived():
                    self.transport.abort()  # it does not read the end of its last answer
            elif self.buffer:
                own_answers.refuse_unread(
                    self.exchange, RefusedError(408, "the request did not arrive in time")
                )
            else:
                self.deadline = self.context.response_at
                self.transport.close()
        elif self.queue is not None:
            self.fail(503, "every backend is busy")
        elif self.state in {TUNNEL, DISCARD, GREETING} or exchange.answering:
            self.abort()
        elif self.state == BODY and not self.held and not own_answers.awaits_100(exchange):
            late = RefusedError(408, "the request's body did not arrive in time")
            own_answers.refuse(exchange, late)
        else:
            self.fail(504, "the backend did not answer in time")

    def eof_received(self) -> bool:
        """The client ends its side: but in a tunnel, it has left, as nginx and Envoy take it."""
        upstream = self.exchange.upstream
        if self.state != TUNNEL or upstream is None:
            return False
        return self.context.tunnels.end_half(self, upstream.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, and with it the need for an answer."""
        self.closed = True
        context = self.context
        context.connections.discard(self)
        if self.state in UNDER_WAY:
            own_answers.cut(self.exchange, "client")
        if self.exchange.own is not None:
            close_all(self.exchange.own.clear())
        if context.draining:
            context.connection_closed()
        del self.exchange  # which refers to us: the collector of cycles comes by only rarely

    def break_off(self, *, reset: bool) -> None:
        """Close in the middle of an answer; what came of it is still flushed."""
        self.state = DISCARD
        sock = self.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.close()

    def close(self) -> None:
        """Close so that the client can still read our last bytes."""
        if self.closed or self.state == DISCARD:
            return
        unread = self.state != SENT or self.buffer
        self.state = DISCARD
        self.buffer = b""
        if unread:
            self.deadline = self.context.clock + _LINGER_S
        if not unread or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        if self.held:
            self.held = False
            self.transport.resume_reading()

    def close_if_idle(self) -> None:
        """The balancer is stopping: a connection without a request has no reason to stay."""
        if self.state == READING and not self.buffer:
            if not self.transport.can_write_eof():
                # To close in TLS is to wait for the client's goodbye, which nobody needs now.
                self.deadline = self.context.clock
            self.transport.close()

    def _all_arrived(self) -> bool:
        """Whether the client's machine has got all that we have written."""
        sock = self.transport.get_extra_info("socket")
        try:
            unsent = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return False
        return not int.from_bytes(unsent, sys.byteorder)

    def abort(self) -> None:
        """Cut both sides at once."""
        if self.state in UNDER_WAY:
            own_answers.cut(self.exchange, "balancer")
        self.transport.abort()
