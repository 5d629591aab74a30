"""One client's connection: reads requests, one at a time, and has each answered.

What a connection is and how it ends is in `client`, the way to a backend in `dispatch`, the way
back in `answering`. They are one object, each a layer on the one before: a request crosses them
all, and an object of its own for each would cost it a tenth of its time.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, cast

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import proxy_protocol, request_head
from sessionlab.balancer.http.request_body import RequestBody
from sessionlab.balancer.http.request_head import NO_REQUEST
from sessionlab.balancer.proxy import forward_headers
from sessionlab.balancer.proxy.client import BODY, GREETING, NOBODY, READING, SENT, TUNNEL
from sessionlab.balancer.proxy.dispatch import Dispatching

if TYPE_CHECKING:
    import asyncio

    from sessionlab.balancer.http.request_fields import Fields
    from sessionlab.balancer.http.request_head import Request

_CR = 13


class Frontend(Dispatching):
    """The client's side: from bytes to requests."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.transport = cast("asyncio.Transport", transport)
        worker = self.worker
        self.peer = worker.peer_of(self.transport)
        self.generation = worker.cluster.generation
        self.deadline = worker.header_at
        if worker.config.proxy_protocol:
            self.state = GREETING
        worker.frontends.add(self)
        if len(worker.frontends) > worker.limits.connections:
            self.refuse_unread(RefusedError(503, "too many connections"))

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, a body, a tunnel, or of a request that has to wait for its turn."""
        state = self.state
        if state == READING:
            # The client sends its last head again, byte for byte, and nothing else. That is how
            # most keep-alive clients poll, and how every load generator works; there is nothing
            # to parse, check or route that was not before.
            if data == self.repeatable and not self.buffer:
                if self.generation == self.worker.cluster.generation:
                    self.state = SENT
                    self.started = perf_counter()
                    self._begin()
                    return
                self.repeatable = b""
            if self.buffer:
                self.buffer += data
            else:
                self.buffer = data
                # Empty lines are no request, and buy no time.
                self.deadline = self.deadline if data[0] == _CR else self.worker.header_at
            self._read_requests()
        elif state == BODY:
            self._read_body(data)
        elif state == TUNNEL:
            self.deadline = self.worker.tunnel_at
            if self.upstream is not None:
                self.upstream.transport.write(data)
        elif state == SENT:
            self.buffer += data
            self.hold()
        elif state == GREETING:
            self.buffer += data
            self._read_greeting()

    def _read_greeting(self) -> None:
        """Who the client is, from the proxy before us; then its requests."""
        try:
            header = proxy_protocol.parse(self.buffer)
        except RefusedError:
            self.abort()  # what speaks here is no proxy, and HTTP would be wasted on it
            return
        if header is None:
            return
        if header.source:
            self.peer = self.worker.peer_at(header.source)
        self.buffer = self.buffer[header.length :]
        self.state = READING
        self._read_requests()

    # --- heads -------------------------------------------------------------------------------

    def _read_requests(self) -> None:
        """Start the next request, and go on as long as requests are answered on the spot."""
        self.reading = True
        try:
            self._read_all()
        finally:
            self.reading = False

    def _read_all(self) -> None:
        while self.state == READING and self.buffer and not self.closed:
            buffer = self.buffer
            end = buffer.find(b"\r\n\r\n") + 4
            limit = self.worker.limits.header_bytes
            if end == 3 or end > limit:  # noqa: PLR2004 - 3: not found
                if not self._wait_for_head(buffer, limit):
                    return
                continue
            if len(buffer) > end:
                self.buffer = buffer[end:]
                buffer = buffer[:end]
            else:
                self.buffer = b""
            try:
                self._start(buffer)
            except RefusedError as error:
                self.refuse_unread(error)

    def _wait_for_head(self, buffer: bytes, limit: int) -> bool:
        """The head is not whole. False: wait for more; true: look again."""
        if buffer.startswith(b"\r\n"):
            self.buffer = buffer[2:]
            if self.buffer:
                self.deadline = self.worker.header_at
            return True
        if len(buffer) >= limit:
            self.refuse_unread(RefusedError(431, f"the request head is larger than {limit} bytes"))
        elif request_head.hopeless(buffer):
            self.refuse_unread(RefusedError(400, "this is not HTTP/1.1"))
        return False

    def _start(self, head: bytes) -> None:
        """Take a request from its head to a backend. Raises `RefusedError`."""
        worker = self.worker
        if head.startswith(b"\r\n"):
            head = head[2:]  # RFC 9112 section 2.2: one empty line may come before
        if self.generation != worker.cluster.generation:
            self._forget()
        request = self.request
        if request is NO_REQUEST:
            request = self.request = worker.request_heads.first(head)
        elif request.head != head:
            request = self.request = worker.request_heads.read(head)
        fields = request.fields
        self.started = perf_counter()
        if fields.length == 0:
            self.state = SENT
            self.body = None
            if self.buffer:
                self.hold()
        else:
            self._start_body(fields)
        self._prepare(request)
        self.repeatable = head if fields.length == 0 else b""
        self._begin()

    def _prepare(self, request: Request) -> None:
        cluster = self.worker.cluster
        route = cluster.router.only or cluster.router.find(request.fields.host, request.path)
        if route is None:
            raise RefusedError(404, "no route matches this path")
        service = cluster.services[route.service]
        prepared = forward_headers.prepare(request.fields, service, route.stripped, self.peer)
        self.prepared = prepared
        self.start = forward_headers.start(request, prepared)

    def _forget(self) -> None:
        """A reload: what was known of heads, routes and the client's address may be wrong."""
        worker = self.worker
        self.generation = worker.cluster.generation
        self.request = NO_REQUEST
        self.repeatable = b""
        self.peer = worker.peer_at(self.peer.address.decode())

    def prepare_again(self) -> None:
        """Read and route the request anew; raises `RefusedError`."""
        head = self.request.head
        own_id = self.head_out[len(self.start) :]
        self._forget()
        self.request = self.worker.request_heads.read(head)
        self._prepare(self.request)
        self.head_out = self.start + own_id

    def _begin(self) -> None:
        worker = self.worker
        if self.prepared.fields.request_id:
            self.head_out = self.start + b"\r\n\r\n"
        else:
            self.head_out = self.start + next(worker.ids) + b"\r\n\r\n"
        self.deadline = worker.response_at
        self.tried = NOBODY
        self.dispatch()

    def next_request(self) -> None:
        """The answer is finished and the connection stays."""
        self.state = READING
        self.deadline = self.worker.idle_at
        if self.held:
            self.release()
        if self.buffer:
            self.deadline = self.worker.header_at
            if not self.reading:
                self._read_requests()

    # --- bodies ------------------------------------------------------------------------------

    def _start_body(self, fields: Fields) -> None:
        self.body = RequestBody(fields.length, self.worker.limits.body, fields.options)
        self.state = BODY
        early, self.buffer = self.buffer, b""
        if early:
            self._take_body(self.body, early)

    def _read_body(self, data: bytes) -> None:
        if self.queue is None:
            self.deadline = self.worker.response_at
        try:
            self._take_body(cast("RequestBody", self.body), data)
        except RefusedError as error:
            self.refuse(error)

    def _take_body(self, body: RequestBody, data: bytes) -> None:
        """Pass a piece of the body on, or keep it until there is a backend."""
        piece = body.take(data)
        if body.done:
            self.state = SENT
            self.buffer = body.rest
            if self.buffer:
                self.hold()
        if self.upstream is not None:
            self.upstream.transport.write(piece)
            body.trim()
        elif body.plenty:
            self.hold()
