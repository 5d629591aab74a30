"""One client's connection: reads requests, one at a time, and has each answered.

The request side goes through READING (a head) -> BODY -> SENT, and back to READING when the
answer is finished. GREETING comes before all, where the PROXY protocol is expected. TUNNEL and
DISCARD are ends: after an Upgrade, and while a connection that we close lets the client read our
last answer (RFC 9112 section 9.6).

The answer side is `upstream` (None while connecting) and `answering` (its head was sent on).
A client that pipelines is served in order: what it sends early waits in `buffer`, unread beyond.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING, cast

from balancer import forwarding, problems, proxy_protocol, request_head
from balancer.access_log import Record
from balancer.affinity import NOTHING_FOUND, VALID
from balancer.errors import RefusedError
from balancer.forwarding import NOT_PREPARED
from balancer.request_body import RequestBody
from balancer.request_head import CHUNKED, NO_REQUEST

if TYPE_CHECKING:
    from balancer.backend import Backend
    from balancer.forwarding import Peer, Prepared
    from balancer.request_head import Request
    from balancer.response_head import Response
    from balancer.service import Service
    from balancer.upstream import Upstream
    from balancer.worker import Worker

READING, BODY, SENT, TUNNEL, DISCARD, GREETING = range(6)
_JOIN = 16 * 1024  # up to here copying head and body into one write is cheaper than two writes
_LINGER_S = 2.0
_NOBODY: frozenset[Backend] = frozenset()
_ID_PREFIX = token_hex(8).encode()
_IDS = count()


class Frontend(asyncio.Protocol):
    """State of one client's connection and of the request that it waits for."""

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
        "queued",
        "repeatable",
        "request",
        "request_id",
        "sent",
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
        self.generation = 0
        self.request_id = b""
        self.status = 0
        self.sent = 0
        self.done = "N"
        self.upstream: Upstream | None = None
        self.backend: Backend | None = None
        self.found = NOTHING_FOUND
        self.tried: set[Backend] | frozenset[Backend] = _NOBODY
        self.head_out = b""
        self.answering = False
        self.keep_alive = True
        self.held = False
        self.queued = False
        self.closed = False
        self.body: RequestBody | None = None
        self.started = 0.0
        self.deadline = 0.0
        self.transport: asyncio.Transport
        self.peer: Peer

    # --- the client's side -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.transport = cast("asyncio.Transport", transport)
        worker = self.worker
        self.peer = worker.peer_of(self.transport)
        self.deadline = worker.header_at
        if worker.config.proxy_protocol:
            self.state = GREETING
        worker.frontends.add(self)
        if len(worker.frontends) > worker.limits.connections:
            self._refuse(RefusedError(503, "too many connections"))

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, a body, a tunnel, or of a request that has to wait for its turn."""
        state = self.state
        if state == READING:
            if data == self.repeatable and not self.buffer:
                self._repeat()
                return
            if self.buffer:
                self.buffer += data
            else:
                self.buffer = data
                self.deadline = self.worker.header_at
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
            self.peer = replace(self.peer, address=header.source.encode())
        self.buffer = self.buffer[header.length :]
        self.state = READING
        self._read_requests()

    def eof_received(self) -> bool:
        """The client has closed its side: taken as leaving, as nginx and Envoy do."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, and with it the need for an answer."""
        self.closed = True
        self.worker.frontends.discard(self)
        self._abandon()
        self.worker.frontend_closed()

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

    def timed_out(self) -> None:
        """The deadline has passed; what that means depends on who was to do something."""
        if self.state == READING:
            if self.buffer:
                self._refuse(RefusedError(408, "the request did not arrive in time"))
            else:
                self.transport.close()
        elif self.queued:
            self._fail(503, "every backend is busy")
        elif self.state in {TUNNEL, DISCARD, GREETING} or self.answering:
            self.abort()
        elif self.state == BODY and not self.held:
            self._refuse(RefusedError(408, "the request's body did not arrive in time"))
        else:
            self._fail(504, "the backend did not answer in time")

    def close_if_idle(self) -> None:
        """The balancer is stopping: a connection without a request has no reason to stay."""
        if self.state == READING and not self.buffer:
            self.transport.close()

    # --- requests ----------------------------------------------------------------------------

    def _read_requests(self) -> None:
        """Start the next request, and go on as long as requests are answered on the spot."""
        while self.state == READING and self.buffer and not self.closed:
            buffer = self.buffer
            end = buffer.find(b"\r\n\r\n") + 4
            limit = self.worker.limits.header_bytes
            if end == 3 or end > limit:  # noqa: PLR2004 - 3: not found
                if not self._wait_for_head(buffer, limit):
                    return
                continue
            self.buffer = buffer[end:] if len(buffer) > end else b""
            try:
                self._start(buffer[:end])
            except RefusedError as error:
                self._refuse(error)

    def _wait_for_head(self, buffer: bytes, limit: int) -> bool:
        """The head is not whole. False: wait for more; true: look again."""
        if buffer.startswith(b"\r\n"):
            self.buffer = buffer[2:]
            return True
        if len(buffer) >= limit:
            self._refuse(RefusedError(431, f"the request head is larger than {limit} bytes"))
        elif request_head.hopeless(buffer):
            self._refuse(RefusedError(400, "this is not HTTP/1.1"))
        return False

    def _repeat(self) -> None:
        """The client sends its last head again, byte for byte, and nothing else.

        That is how most keep-alive clients poll, and how every load generator works; there is
        nothing to parse, check or route that was not before.
        """
        if self.generation != self.worker.cluster.generation:
            self.buffer = self.repeatable
            self.repeatable = b""
            self._read_requests()
            return
        self.state = SENT
        self._begin(self.request, self.prepared)

    def _start(self, head: bytes) -> None:
        """Take a request from its head to a backend. Raises `RefusedError`."""
        worker = self.worker
        if head.startswith(b"\r\n"):
            head = head[2:]  # RFC 9112 section 2.2: one empty line may come before
        request = self.request
        if request.head != head:
            request = self.request = request_head.parse(head, worker.blocks, worker.limits)
        self._start_body(request)
        cluster = worker.cluster
        route = cluster.router.find(request.fields.host, request.path)
        if route is None:
            raise RefusedError(404, "no route matches this path")
        service = cluster.services[route.service]
        prepared = forwarding.prepare(request.fields, service, route.stripped, self.peer)
        self.prepared = prepared
        self.generation = cluster.generation
        self.repeatable = head if request.fields.length == 0 else b""
        self._begin(request, prepared)

    def _begin(self, request: Request, prepared: Prepared) -> None:
        self.started = perf_counter()
        self.keep_alive = True
        self.head_out = self._write_head(request, prepared)
        self.deadline = self.worker.response_at
        self.tried = _NOBODY
        self._choose(prepared.service, request, prepared)

    def _write_head(self, request: Request, prepared: Prepared) -> bytes:
        target = request.target
        if prepared.prefix:
            target = target[len(prepared.prefix) :]
            if target[:1] != b"/":
                target = b"/" + target
        request_id = request.fields.request_id or b"%b%012x" % (_ID_PREFIX, next(_IDS))
        self.request_id = request_id
        return b"%b %b HTTP/1.1\r\n%bX-Request-ID: %b\r\n\r\n" % (
            request.method,
            target,
            prepared.tail,
            request_id,
        )

    def _start_body(self, request: Request) -> None:
        length = request.fields.length
        if length == 0:
            self.state = SENT
            self.body = None
            if self.buffer:
                self.hold()
            return
        self.body = RequestBody(length, self.worker.limits.body)
        self.state = BODY
        early, self.buffer = self.buffer, b""
        if early:
            self._take_body(self.body, early)

    def _read_body(self, data: bytes) -> None:
        self.deadline = self.worker.response_at
        try:
            self._take_body(cast("RequestBody", self.body), data)
        except RefusedError as error:
            self._refuse(error)

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

    @property
    def sent_all(self) -> bool:
        """Whether the whole request has gone to the backend."""
        return self.state == SENT

    # --- choosing and reaching a backend -----------------------------------------------------

    def _choose(self, service: Service, request: Request, prepared: Prepared) -> None:
        key = b"" if service.key_of is None else service.key_of(request, self.peer.address)
        backend, found = service.choose(prepared.claim, key, self.tried, self.worker.wall)
        self.found = found
        if backend is not None:
            most = self.worker.limits.backend_active
            if most and backend.active >= most:
                self._wait(backend if found.backend is backend else service)
            else:
                self._go_to(backend, request)
        elif self.tried:
            self._fail(502, "no backend could be reached")
        else:
            self._fail(503, "no backend is available")

    def _wait(self, place: Backend | Service) -> None:
        """Queue for a pinned backend, or for any of the service."""
        if len(place.waiting) >= self.worker.limits.queue:
            self._fail(503, "every backend is busy and the queue is full")
            return
        self.queued = True
        self.deadline = self.worker.queue_at
        place.waiting.append(self)

    def wake(self) -> bool:
        """There is room again; False when this client waits no longer."""
        if not self.queued or self.closed:
            return False
        self.queued = False
        self.deadline = self.worker.response_at
        prepared = self.prepared
        self._choose(prepared.service, self.request, prepared)
        return True

    def _go_to(self, backend: Backend, request: Request) -> None:
        self.backend = backend
        backend.active += 1
        backend.requests += 1
        idle = backend.pool.idle
        if not idle:
            self.worker.connect(backend, self)
        elif request.idempotent:
            self.connected(idle.pop())
        else:
            # A connection used a moment ago is hardly being closed just now; an older one may be,
            # and this request could not be sent again.
            fresh = backend.pool.take_fresh(self.worker.clock - 1.0)
            if fresh is None:
                self.worker.connect(backend, self)
            else:
                self.connected(fresh)

    def connected(self, upstream: Upstream) -> None:
        """A connection to the chosen backend: send what there is of the request."""
        self.upstream = upstream
        body = self.body
        if body is not None:
            self.release()  # before writing, which may hold the client again
        upstream.begin(self, self.head_out, to_head=self.request.method == b"HEAD")
        if body is not None:
            upstream.transport.write(body.again())
            body.trim()

    def waits_for(self, backend: Backend) -> bool:
        """Whether a connection to that backend is still of use."""
        return not self.closed and self.backend is backend and self.upstream is None

    def not_connected(self, backend: Backend) -> None:
        """The connection could not be made, so nothing was sent: always safe to go elsewhere."""
        self._leave_backend(failed=True)
        self.worker.connect_failed(backend)
        self._try_another(backend)

    def unanswered(self, upstream: Upstream, *, partial: bool) -> None:
        """The connection was closed before a whole head of an answer."""
        request = self.request
        backend = upstream.backend
        kept = self.body is None or self.body.repeatable
        repeatable = request.idempotent and kept and not partial
        if repeatable and upstream.reused:
            # A stale connection says nothing about the backend: try it again with a new one.
            self.upstream = None
            backend.retries += 1
            self.worker.connect(backend, self)
            return
        self._leave_backend(failed=True)
        if repeatable and self.worker.retry_budget.spend():
            self._try_another(backend)
        else:
            self._fail(502, "the backend closed the connection without an answer")

    def _try_another(self, failed: Backend) -> None:
        self.tried = {*self.tried, failed}
        failed.retries += 1
        prepared = self.prepared
        self._choose(prepared.service, self.request, prepared)

    def _leave_backend(self, *, failed: bool) -> None:
        backend = self.backend
        self.upstream = None
        self.backend = None
        self.queued = False
        if backend is not None:
            backend.active -= 1
            if failed:
                self.worker.request_failed(backend)
            if self.worker.limits.backend_active:
                self.worker.freed(backend)

    # --- answers -----------------------------------------------------------------------------

    @property
    def takes_chunks(self) -> bool:
        """Whether the client understands the chunked coding (HTTP/1.0 does not)."""
        return self.request.minor == 1

    def start_answer(self, upstream: Upstream, response: Response, body: bytes) -> None:
        """Send an answer's head and the beginning of its body."""
        worker = self.worker
        self.answering = True
        self.deadline = worker.response_at
        request = self.request
        upstream.backend.by_class[response.status // 100] += 1
        affinity = self.prepared.service.affinity
        lines = b""
        if affinity.sticks and (
            self.found is not upstream.backend.valid or response.cookies or affinity.renews
        ):
            lines = affinity.settle(
                self.prepared.claim, self.found, upstream.backend, response.cookies, worker.wall
            )
        if worker.access_log is not None:
            self.status = response.status
            self.sent = len(body)
            self.done = "N" if not lines else "U" if self.found.verdict == VALID else "I"
        if (
            not lines
            and request.minor
            and request.fields.keep_alive
            and self.state == SENT
            and (response.length >= CHUNKED or response.bodiless)
            and not worker.draining
        ):
            head = response.ready
        else:
            head = self._answer_head(request, response, lines)
        if len(body) < _JOIN:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)

    def _answer_head(self, request: Request, response: Response, lines: bytes) -> bytes:
        delimited = response.bodiless or response.length >= 0
        if response.length == CHUNKED and request.minor:
            delimited = True
        self.keep_alive = (
            request.fields.keep_alive
            and self.state == SENT
            and delimited
            and not self.worker.draining
        )
        if not self.keep_alive:
            connection = b"Connection: close\r\n"
        else:
            connection = b"" if request.minor else b"Connection: keep-alive\r\n"
        framing = response.framing(chunked_allowed=bool(request.minor))
        return response.lines + framing + lines + connection + b"\r\n"

    def forward(self, data: bytes) -> None:
        """More of the answer's body, or of a tunnel."""
        self.deadline = self.worker.tunnel_at if self.state == TUNNEL else self.worker.response_at
        self.sent += len(data)
        self.transport.write(data)

    def interim(self, response: Response) -> None:
        """100 to who expects it, 103 and others to everybody who may understand (HTTP/1.1)."""
        request = self.request
        if request.minor and (response.status != 100 or request.fields.expect_continue):  # noqa: PLR2004
            self.transport.write(response.lines + b"\r\n")

    def answer_finished(self) -> None:
        """The answer is complete; on to the next request, or goodbye."""
        backend = self.backend
        self.upstream = None
        self.backend = None
        if backend is not None:
            backend.active -= 1
            if backend.troubled:
                self.worker.request_answered(backend)
            if self.worker.access_log is not None:
                self._log(backend)
            self.worker.metrics.observe(perf_counter() - self.started)
            if self.worker.limits.backend_active:
                self.worker.freed(backend)
        self.answering = False
        if self.keep_alive and self.state == SENT:
            self._next()
        else:
            self._close()

    def _log(self, backend: Backend | None) -> None:
        log = self.worker.access_log
        if log is None:
            return
        parsed = self.state != READING
        request = self.request if parsed else NO_REQUEST
        log.append(
            Record(
                self.worker.wall,
                self.peer.address,
                request.method,
                request.target,
                request.minor,
                self.status,
                self.sent,
                perf_counter() - self.started if parsed else 0.0,
                backend.service if backend is not None else "-",
                backend.name if backend is not None else "",
                self.found.verdict + self.done,
                self.request_id,
            )
        )

    def _log_own(self, status: int) -> None:
        """An answer that the balancer made itself."""
        self.worker.metrics.own(status)
        self.status, self.sent, self.done = status, 0, "N"
        self._log(None)

    def _next(self) -> None:
        self.state = READING
        self.deadline = self.worker.idle_at
        if self.held:
            self.release()
        if self.buffer:
            self.deadline = self.worker.header_at
            self._read_requests()

    def answer_cut(self) -> None:
        """The answer broke off: the client must notice, so its connection breaks off too."""
        self._leave_backend(failed=self.state != TUNNEL)
        # What came is still flushed; then no final chunk, or bytes missing.
        self.transport.close()

    def answer_broken(self, upstream: Upstream, reason: str) -> None:
        """The backend broke HTTP."""
        if self.answering:
            self.answer_cut()
            return
        self._leave_backend(failed=True)
        self.worker.log(f"backend {upstream.backend.service}/{upstream.backend.name}: {reason}")
        self._fail(502, "the backend's answer is not valid HTTP")

    def may_switch(self) -> bool:
        """Whether the client asked for an Upgrade."""
        return bool(self.request.fields.upgrade)

    def switch(self, response: Response, rest: bytes) -> None:
        """101: from here on bytes pass both ways, those that came early included."""
        upstream = cast("Upstream", self.upstream)
        upstream.backend.by_class[1] += 1
        self.answering = True
        self.state = TUNNEL
        self.deadline = self.worker.tunnel_at
        head = response.lines + b"Connection: Upgrade\r\nUpgrade: " + response.upgrade
        self.transport.write(head + b"\r\n\r\n" + rest)
        early, self.buffer = self.buffer, b""
        if early:
            upstream.transport.write(early)
        self.release()

    # --- our own answers, and ends -----------------------------------------------------------

    def _fail(self, status: int, detail: str) -> None:
        """No backend gives an answer, so we do; the connection stays if the request is whole."""
        self._abandon(failed=status == 504)  # noqa: PLR2004 - silence is a failure of the backend
        if self.state == SENT and self.keep_alive:
            request = self.request
            self.keep_alive = request.fields.keep_alive and not self.worker.draining
            bodiless = request.method == b"HEAD"
            close = not self.keep_alive
            self.transport.write(problems.answer(status, detail, close=close, bodiless=bodiless))
            self._log_own(status)
            if close:
                self._close()
            else:
                self._next()
        else:
            self._refuse(RefusedError(status, detail))

    def _refuse(self, error: RefusedError) -> None:
        """Answer with a problem and close; nothing more of this connection is believed."""
        keep = error.status == 404 and self.state == SENT  # noqa: PLR2004 - a good request
        if keep:
            self._fail(error.status, error.detail)
            return
        self._abandon()
        self._log_own(error.status)
        if not self.answering:
            self.transport.write(problems.answer(error.status, error.detail, close=True))
        self._close()

    def _abandon(self, *, failed: bool = False) -> None:
        """Give up the exchange with the backend, if there is one."""
        upstream = self.upstream
        self._leave_backend(failed=failed)
        if upstream is None:
            return
        if self.state == TUNNEL:
            upstream.client = None
            upstream.transport.close()  # what the client said last still arrives
        else:
            upstream.drop()

    def _close(self) -> None:
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

    def abort(self) -> None:
        """Cut both sides at once."""
        self._abandon()
        self.transport.abort()
