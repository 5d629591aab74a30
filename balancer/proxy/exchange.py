"""One request and its answer, which comes back here; on its way to a backend it is in `dispatch`.

A connection has one `Exchange` for all its requests, one after another: an object for each would
cost a request a tenth of its time.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from time import perf_counter, time
from typing import TYPE_CHECKING, Protocol

from sessionlab.balancer.backends.backend import NOT_LOOKED_AT, NOTHING_FOUND
from sessionlab.balancer.backends.pin import NOTHING
from sessionlab.balancer.backends.queue import Waiting
from sessionlab.balancer.http.request_head import NO_REQUEST
from sessionlab.balancer.http.response_fields import CHUNKED
from sessionlab.balancer.proxy import x_balancer
from sessionlab.balancer.proxy.access_log import Record
from sessionlab.balancer.proxy.forward_headers import NOT_PREPARED, Peer, Prepared
from sessionlab.balancer.proxy.states import TUNNEL, UNDER_WAY
from sessionlab.balancer.services.counters import BOUNDS
from sessionlab.balancer.services.tunnels import Ends

if TYPE_CHECKING:
    import asyncio

    from sessionlab.balancer.affinity.interface import Settled
    from sessionlab.balancer.backends.backend import Backend, Found
    from sessionlab.balancer.backends.pool import Pool
    from sessionlab.balancer.http.request_body import RequestBody
    from sessionlab.balancer.http.request_head import Request
    from sessionlab.balancer.http.response_head import Response
    from sessionlab.balancer.proxy.context import ProxyContext
    from sessionlab.balancer.proxy.upstream import Upstream

NOBODY: frozenset[Backend] = frozenset()
_JOIN = 16 * 1024  # up to here copying head and body into one write is cheaper than two writes


class Client(Waiting, Ends, Protocol):
    """What an exchange asks of its client's connection."""

    state: int
    deadline: float
    closed: bool
    buffer: bytes
    reading: bool
    transport: asyncio.Transport
    peer: Peer

    def hold(self) -> None: ...
    def release(self) -> None: ...
    def next_request(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def break_off(self, *, reset: bool) -> None: ...
    def unanswered(self, backend: Backend, *, stale: bool, partial: bool) -> None: ...
    def fail(self, status: int, detail: str) -> None: ...
    def switch(self, upstream: Upstream, response: Response, rest: bytes) -> None: ...


@dataclass(slots=True, eq=False)
class Exchange:
    """What a request is, and what has become of it so far.

    `whole` says that all of the request has come, `repeatable` is its head if that was all there
    was of it, and `head_out` what a backend gets of it: `start` and the request's id.
    `generation` is the cluster's for which this was worked out. `found` is where its pin leads,
    `tried` are the backends that failed it. `upstream` brings the answer (None while connecting),
    whose head was sent on when it is `answering`; `own` are connections that a login has bound to
    the client. `status`, `sent` and `done` are for the log.
    """

    client: Client
    context: ProxyContext
    generation: int = -1
    request: Request = NO_REQUEST
    prepared: Prepared = NOT_PREPARED
    repeatable: bytes = b""
    start: bytes = b""
    head_out: bytes = b""
    body: RequestBody | None = None
    whole: bool = True
    started: float = 0.0
    found: Found = NOTHING_FOUND
    tried: set[Backend] | frozenset[Backend] = NOBODY
    backend: Backend | None = None
    upstream: Upstream | None = None
    own: Pool[Upstream] | None = None
    answering: bool = False
    keep_alive: bool = True
    status: int = 0
    sent: int = 0
    done: str = NOTHING

    # --- what comes from the backend ---------------------------------------------------------

    @property
    def takes_chunks(self) -> bool:
        """Whether the client understands the chunked coding (HTTP/1.0 does not)."""
        return self.request.minor == 1

    def start_answer(self, backend: Backend, response: Response, data: bytes, end: int) -> None:
        """Send an answer's head and, from `data` behind `end`, the beginning of its body."""
        context, self.answering = self.context, True
        backend.by_class[response.status // 100] += 1
        prepared, found, fields = self.prepared, self.found, self.prepared.fields
        affinity, lines, done = prepared.service.affinity, b"", NOTHING
        if (
            (found is not backend.valid or response.cookies or affinity.renews)
            if affinity.sticks
            else found is not NOTHING_FOUND
        ):
            lines, done, _ = self.settle(backend, response)
        else:
            prepared.service.counters.plain += 1
        if context.explains:
            lines += x_balancer.line(backend.name, found, done)
        if context.access_log is not None:
            self.status, self.sent, self.done = response.status, len(data) - end, done
        if not response.dated and response.date is not context.date:
            response.stamp(context.date)
        if (
            lines
            or not fields.minor
            or not self.whole
            or (response.length < CHUNKED and not response.bodiless)
            or context.draining
        ):
            head = self._head(response, lines)
        elif not fields.keep_alive:
            self.keep_alive = False
            head = response.closing or response.close()
        elif response.verbatim:
            self.client.transport.write(data)
            return
        else:
            head = response.ready
        if len(data) < _JOIN:
            self.client.transport.write(head + data[end:])
        else:
            self.client.transport.writelines((head, data[end:]))

    def settle(self, backend: Backend, response: Response) -> Settled:
        """What the affinity does about this answer, counted."""
        now, request = self.context.wall, self.request
        claim, service = self.prepared.claim, self.prepared.service
        settled = service.affinity.settle(claim, self.found, backend, request, response, now)
        service.counters.add(self.found, settled.done)
        return settled

    def _head(self, response: Response, lines: bytes) -> bytes:
        request = self.request
        chunked = response.length == CHUNKED and request.minor == 1
        delimited = response.bodiless or response.length >= 0 or chunked
        may_stay = delimited and self.whole and not self.context.draining
        self.keep_alive = request.fields.keep_alive and may_stay
        stays = b"" if request.minor else b"Connection: keep-alive\r\n"
        connection = stays if self.keep_alive else b"Connection: close\r\n"
        framing = response.framing(chunked_allowed=bool(request.minor))
        return response.lines + framing + lines + connection + b"\r\n"

    def forward(self, data: bytes) -> None:
        """More of the answer's body, or of a tunnel."""
        client, context = self.client, self.context
        client.deadline = context.tunnel_at if client.state == TUNNEL else context.response_at
        self.sent += len(data)
        client.transport.write(data)

    def interim(self, response: Response) -> None:
        """100 to who expects it, 103 and others to everybody who may understand (HTTP/1.1)."""
        request = self.request
        if request.minor and (response.status != 100 or request.fields.expect_continue):  # noqa: PLR2004
            self.client.transport.write(response.lines + b"\r\n")

    def switch(self, upstream: Upstream, response: Response, rest: bytes) -> bool:
        """101: from here on bytes pass both ways; False when the client did not ask for that."""
        if self.request.fields.upgrade:
            self.client.switch(upstream, response, rest)
        return bool(self.request.fields.upgrade)

    def half_ended(self) -> bool:
        """The backend has ended its side of a tunnel; False when that is its end."""
        return self.context.tunnels.end_half(self.client, self.client.transport)

    def hold(self) -> None:
        self.client.hold()

    def release(self) -> None:
        self.client.release()

    # --- how it ends -------------------------------------------------------------------------

    def answer_finished(self) -> None:
        """The answer is complete; on to the next request, or goodbye."""
        backend = self.backend
        self.upstream = self.backend = None
        self.answering = False
        if backend is not None:
            context = self.context
            seconds = perf_counter() - self.started
            service = self.prepared.service
            counters = service.counters
            counters.buckets[bisect_left(BOUNDS, seconds)] += 1
            counters.seconds += seconds
            backend.active -= 1
            if backend.troubled:
                context.request_answered(backend)
            if context.access_log is not None:
                self.log(backend, seconds)
            # A reload makes another service with the same queue.
            if context.limits.active and (backend.waiting or service.waiting):
                context.freed(backend)
        if self.keep_alive and self.whole:
            self.client.next_request()
        else:
            self.client.close()

    def unanswered(self, backend: Backend, *, stale: bool, partial: bool) -> None:
        self.client.unanswered(backend, stale=stale, partial=partial)

    def answer_cut(self, *, failed: bool = True) -> None:
        """The answer broke off: the client must notice, so its connection breaks off too."""
        tunnel = self.client.state == TUNNEL
        length = 0 if self.upstream is None else self.upstream.response.length
        delimited = length >= 0 or (length == CHUNKED and self.takes_chunks)
        self.log(self.backend, perf_counter() - self.started, "" if tunnel else "backend")
        self.leave_backend(failed=failed and not tunnel)
        # Where the connection's end is the answer's, only a reset says that it is not whole.
        self.client.break_off(reset=not tunnel and not delimited)

    def answer_broken(self, backend: Backend, reason: str) -> None:
        """The backend broke HTTP. It answers, so nobody else is kept from it: it may be one URL."""
        backend.failures += 1
        if self.answering:
            self.answer_cut(failed=False)
            return
        self.leave_backend(failed=False)
        self.context.log(f"backend {backend.service}/{backend.name}: {reason}")
        self.client.fail(502, "the backend's answer is not valid HTTP")

    def leave_backend(self, *, failed: bool) -> None:
        """It is no longer this request's business."""
        backend = self.backend
        self.upstream = self.backend = None
        if self.client.queue is not None:
            self.client.queue.leave(self.client)
        self.context.tunnels.closed(self.client)
        if backend is not None:
            backend.active -= 1
            if failed:
                self.prepared.service.affinity.failed(self.prepared.claim, backend)
                self.context.request_failed(backend)
            if self.context.limits.active:
                self.context.freed(backend)

    def abandon(self, *, failed: bool = False) -> None:
        """Give up what the backend is doing, if there is one."""
        upstream = self.upstream
        self.leave_backend(failed=failed)
        if upstream is not None and self.client.state == TUNNEL:
            upstream.receiver = None
            upstream.transport.close()  # what the client said last still arrives
        elif upstream is not None:
            upstream.drop()

    def log(self, backend: Backend | None, seconds: float, cut: str = "", detail: str = "") -> None:
        """A line about the answer, when there is a log; `cut` says who ended it early."""
        if (log := self.context.access_log) is None:
            return
        request = self.request if self.client.state in UNDER_WAY else NO_REQUEST
        prepared = self.prepared
        log.append(
            Record(
                time() if detail else self.context.wall,  # rare, and told beside a node's own log
                prepared.source or self.client.peer.address,
                request.method,
                request.target,
                request.minor,
                self.status,
                self.sent,
                seconds,
                "-" if prepared is NOT_PREPARED else prepared.service.name,
                "" if backend is None else backend.name,
                "--" if self.found is NOT_LOOKED_AT else self.found.verdict + self.done,
                self.head_out[len(self.start) : -4] or request.fields.request_id,
                self.found.reason,
                cut,
                detail,
            )
        )
