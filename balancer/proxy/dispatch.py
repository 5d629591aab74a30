"""A client's request on its way to a backend: chosen, queued for, reached, tried again."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.pin import BACKEND_DOWN
from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.proxy.answering import Answering

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.proxy.upstream import Upstream
    from sessionlab.balancer.services.service import Service


class Dispatching(Answering):
    """Brings `head_out`, and the body as far as it has come, to a backend."""

    __slots__ = ()

    def dispatch(self) -> None:
        """Choose a backend of the request's service, and go there or wait for it."""
        worker = self.worker
        request = self.request
        prepared = self.prepared
        service = prepared.service
        key = b"" if service.key_of is None else service.key_of(request, self.peer.address)
        backend, found = service.choose(prepared.claim, key, self.tried, worker.wall)
        self.found = found
        if backend is None:
            if found.reason == BACKEND_DOWN and service.policy.on_pin_lost == "fail":
                self.fail(503, "the client's backend is down (on-pin-lost=fail)")
            elif self.tried:
                self.fail(502, "no backend could be reached")
            else:
                self.fail(503, "no backend is available")
            return
        if backend.active >= worker.most_active:
            self._wait(backend if found.backend is backend else service)
            return
        self.backend = backend
        backend.active += 1
        backend.requests += 1
        idle = backend.pool.idle
        if idle and request.idempotent:
            body = self.body
            if body is None:
                upstream = self.upstream = idle.pop()
                upstream.begin(self, self.head_out, request.method == b"HEAD")
                return
            if body.stays_repeatable:
                self.connected(idle.pop())
                return
        # A connection used a moment ago is hardly being closed just now; an older one may be,
        # and this request could not be sent again.
        fresh = backend.pool.take_fresh(worker.clock - 1.0)
        if fresh is None:
            worker.connect(backend, self)
        else:
            self.connected(fresh)

    def _wait(self, place: Backend | Service) -> None:
        """Queue for a pinned backend, or for any of the service."""
        if len(place.waiting) >= self.worker.limits.queue:
            self.fail(503, "every backend is busy and the queue is full")
            return
        self.queue = place.waiting
        self.deadline = self.worker.queue_at
        place.waiting[self] = None

    def wake(self) -> bool:
        """There is room again; False when this client waits no longer."""
        if self.queue is None or self.closed:
            return False
        until = self.deadline
        self.queue = None
        self.deadline = self.worker.response_at
        self._choose_again(until)
        return True

    def _choose_again(self, queue_until: float = inf) -> None:
        """Dispatch what was prepared a while ago: a reload may have come in between.

        Who has to queue again is no more patient than before.
        """
        if self.generation != self.worker.cluster.generation:
            try:
                self.prepare_again()
            except RefusedError as error:
                self.refuse(error)
                return
        self.dispatch()
        if self.queue is not None:
            self.deadline = min(self.deadline, queue_until)

    def prepare_again(self) -> None:
        """Read and route the request anew; raises `RefusedError`."""
        raise NotImplementedError

    def connected(self, upstream: Upstream) -> None:
        """A connection to the chosen backend: send what there is of the request."""
        self.upstream = upstream
        body = self.body
        if body is None:
            upstream.begin(self, self.head_out, self.request.method == b"HEAD")
            return
        self.release()  # before writing, which may hold the client again
        upstream.begin(self, self.head_out, self.request.method == b"HEAD")
        upstream.transport.write(body.again())
        body.trim()

    def waits_for(self, backend: Backend) -> bool:
        """Whether a connection to that backend is still of use."""
        return not self.closed and self.backend is backend and self.upstream is None

    def not_connected(self, backend: Backend) -> None:
        """The connection could not be made, so nothing was sent: always safe to go elsewhere."""
        self.leave_backend(failed=True)
        self.worker.connect_failed(backend)
        self._try_another(backend)

    def unanswered(self, upstream: Upstream, *, partial: bool) -> None:
        """The connection was closed before a whole head of an answer."""
        backend = upstream.backend
        kept = self.body is None or self.body.repeatable
        repeatable = self.request.idempotent and kept and not partial
        if repeatable and upstream.reused:
            # A stale connection says nothing about the backend: try it again with a new one.
            self.upstream = None
            backend.retries += 1
            self.worker.connect(backend, self)
            return
        self.leave_backend(failed=True)
        if repeatable and self.worker.retry_budget.spend():
            self._try_another(backend)
        else:
            self.fail(502, "the backend closed the connection without an answer")

    def _try_another(self, failed: Backend) -> None:
        self.tried = {*self.tried, failed}
        failed.retries += 1
        self._choose_again()
