"""A backend's answer on its way to the client, as `Upstream` reads it."""

from __future__ import annotations

import socket
import struct
from bisect import bisect_left
from time import perf_counter
from typing import TYPE_CHECKING, cast

from sessionlab.balancer.backends.backend import NOTHING_FOUND
from sessionlab.balancer.backends.pin import NOTHING
from sessionlab.balancer.http.response_fields import CHUNKED
from sessionlab.balancer.proxy import x_balancer
from sessionlab.balancer.proxy.client import DISCARD, SENT, TUNNEL
from sessionlab.balancer.proxy.own_answers import OwnAnswers
from sessionlab.balancer.services.counters import BOUNDS

if TYPE_CHECKING:
    from sessionlab.balancer.affinity.interface import Settled
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.http.response_head import Response
    from sessionlab.balancer.proxy.upstream import Upstream

_RESET = struct.pack("ii", 1, 0)  # linger for no time at all
_JOIN = 16 * 1024  # up to here copying head and body into one write is cheaper than two writes


class Answering(OwnAnswers):
    """Takes the answer from its head to its end."""

    __slots__ = ()

    @property
    def takes_chunks(self) -> bool:
        """Whether the client understands the chunked coding (HTTP/1.0 does not)."""
        return self.request.minor == 1

    def start_answer(self, upstream: Upstream, response: Response, data: bytes, end: int) -> None:
        """Send an answer's head and, from `data` behind `end`, the beginning of its body."""
        worker = self.worker
        self.answering = True
        backend = upstream.backend
        backend.by_class[response.status // 100] += 1
        prepared = self.prepared
        service = prepared.service
        affinity = service.affinity
        found = self.found
        lines, done = b"", NOTHING
        if (
            (found is not backend.valid or response.cookies or affinity.renews)
            if affinity.sticks
            else found is not NOTHING_FOUND
        ):
            lines, done = self._settle(backend, response.cookies)
        else:
            service.counters.plain += 1
        if worker.explains:
            lines += x_balancer.line(backend.name, found, done)
        if worker.access_log is not None:
            self.status = response.status
            self.sent = len(data) - end
            self.done = done
        fields = prepared.fields
        if (
            lines
            or not fields.minor
            or self.state != SENT
            or (response.length < CHUNKED and not response.bodiless)
            or worker.draining
        ):
            head = self._head(response, lines)
        elif not fields.keep_alive:
            self.keep_alive = False
            head = response.closing or response.close()
        elif response.verbatim:
            self.transport.write(data)
            return
        else:
            head = response.ready
        if len(data) - end < _JOIN:
            self.transport.write(head + data[end:])
        else:
            self.transport.write(head)
            self.transport.write(data[end:])

    def _settle(self, backend: Backend, cookies: tuple[bytes, ...]) -> Settled:
        """What the affinity does about this answer, counted."""
        prepared = self.prepared
        service = prepared.service
        settled = service.affinity.settle(
            prepared.claim, self.found, backend, cookies, self.worker.wall
        )
        service.counters.add(self.found, settled.done)
        return settled

    def _head(self, response: Response, lines: bytes) -> bytes:
        request = self.request
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
        self.answering = False
        if backend is not None:
            worker = self.worker
            seconds = perf_counter() - self.started
            counters = self.prepared.service.counters
            counters.buckets[bisect_left(BOUNDS, seconds)] += 1
            counters.seconds += seconds
            backend.active -= 1
            if backend.troubled:
                worker.request_answered(backend)
            if worker.access_log is not None:
                self.log(backend, seconds)
            if worker.limits.backend_active and (
                backend.waiting or worker.cluster.services[backend.service].waiting
            ):
                worker.freed(backend)
        if self.keep_alive and self.state == SENT:
            self.next_request()
        else:
            self.close()

    def unanswered(self, upstream: Upstream, *, partial: bool) -> None:
        """The connection was closed before a whole head of an answer."""
        raise NotImplementedError

    def answer_cut(self) -> None:
        """The answer broke off: the client must notice, so its connection breaks off too."""
        tunnel = self.state == TUNNEL
        upstream = self.upstream
        delimited = upstream is None or upstream.response.length >= 0 or self._chunks(upstream)
        self.log(self.backend, perf_counter() - self.started, "" if tunnel else "backend")
        self.state = DISCARD
        self.leave_backend(failed=not tunnel)
        # What came is still flushed; then no final chunk, or bytes missing. Where the end of the
        # connection is the end of the answer, only a reset says that it is not whole.
        sock = self.transport.get_extra_info("socket")
        if not tunnel and not delimited and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.close()

    def _chunks(self, upstream: Upstream) -> bool:
        return self.takes_chunks and upstream.response.length == CHUNKED

    def answer_broken(self, upstream: Upstream, reason: str) -> None:
        """The backend broke HTTP."""
        if self.answering:
            self.answer_cut()
            return
        self.leave_backend(failed=True)
        self.worker.log(f"backend {upstream.backend.service}/{upstream.backend.name}: {reason}")
        self.fail(502, "the backend's answer is not valid HTTP")

    def may_switch(self) -> bool:
        """Whether the client asked for an Upgrade."""
        return bool(self.request.fields.upgrade)

    def switch(self, response: Response, rest: bytes) -> None:
        """101: from here on bytes pass both ways, those that came early included."""
        upstream = cast("Upstream", self.upstream)
        upstream.backend.by_class[1] += 1
        lines, self.done = self._settle(upstream.backend, response.cookies)
        if self.worker.explains:
            lines += x_balancer.line(upstream.backend.name, self.found, self.done)
        self.status, self.sent = response.status, len(rest)
        self.answering = True
        self.state = TUNNEL
        self.deadline = self.worker.tunnel_at
        head = response.lines + lines + b"Connection: Upgrade\r\nUpgrade: " + response.upgrade
        self.transport.write(head + b"\r\n\r\n" + rest)
        early, self.buffer = self.buffer, b""
        if early:
            upstream.transport.write(early)
        self.release()
