"""A request on its way to a backend: routed, queued for, reached, tried again."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.pin import BACKEND_DOWN
from sessionlab.balancer.errors import ExhaustedError, RefusedError
from sessionlab.balancer.http.request_head import NO_REQUEST
from sessionlab.balancer.proxy import connector, forward_headers, own_answers
from sessionlab.balancer.proxy.exchange import NOBODY

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.backends.pool import Pool
    from sessionlab.balancer.proxy.exchange import Exchange
    from sessionlab.balancer.proxy.upstream import Upstream
    from sessionlab.balancer.services.service import Service

_MOST_NAMED = 3


def route(exchange: Exchange) -> None:
    """Find the request's service, and make its head ready. Raises `RefusedError` (404)."""
    cluster = exchange.context.cluster
    request = exchange.request
    fields = request.fields
    found = cluster.router.only or cluster.router.find(fields.host, request.path)
    if found is None:
        raise RefusedError(404, "no route matches this path")
    service = cluster.services[found.service]
    peer = exchange.client.peer
    prepared = forward_headers.prepare(fields, service, found.stripped, peer)
    exchange.prepared = prepared
    exchange.start = forward_headers.start(request, prepared)


def begin(exchange: Exchange) -> None:
    """Bring a request that was routed to a backend."""
    context = exchange.context
    if exchange.prepared.fields.request_id:
        exchange.head_out = exchange.start + b"\r\n\r\n"
    else:
        exchange.head_out = exchange.start + next(context.ids) + b"\r\n\r\n"
    exchange.client.deadline = context.response_at
    exchange.tried = NOBODY
    _dispatch(exchange)


def forget(exchange: Exchange) -> None:
    """A reload: what was known of heads, routes and the client's address may be wrong."""
    context, client = exchange.context, exchange.client
    exchange.generation = context.cluster.generation
    exchange.request = NO_REQUEST
    exchange.repeatable = b""
    client.peer = context.peers.at(client.peer.address.decode())


def _dispatch(exchange: Exchange) -> None:
    """Choose a backend of the request's service, and go there or wait for it."""
    context = exchange.context
    request = exchange.request
    prepared = exchange.prepared
    service = prepared.service
    key_of = service.key_of
    key = b"" if key_of is None else key_of(request, prepared.source)
    backend, found = service.choose(prepared.claim, key, exchange.tried, context.wall)
    exchange.found = found
    if exchange.own is not None and _send_bound(exchange, exchange.own):
        return
    if backend is None:
        _nowhere(exchange)
        return
    if backend.active >= context.most_active:
        _wait(exchange, backend if found.backend is backend else service)
        return
    if found.backend is not backend and service.affinity.early:
        service.affinity.chose(prepared.claim, found, backend, context.wall)
    exchange.backend = backend
    backend.active += 1
    backend.requests += 1
    idle = backend.pool.idle
    if idle and request.idempotent:
        body = exchange.body
        if body is None:
            upstream = exchange.upstream = idle.pop()
            upstream.begin(exchange, exchange.head_out, request.method == b"HEAD")
            return
        if body.stays_repeatable:
            _send(exchange, idle.pop())
            return
    # A connection used a moment ago is hardly being closed just now; an older one may be,
    # and this request could not be sent again.
    fresh = backend.pool.take_fresh(context.clock - 1.0)
    if fresh is None:
        _connect(exchange, backend)
    else:
        _send(exchange, fresh)


def _send_bound(exchange: Exchange, own: Pool[Upstream]) -> bool:
    """Send by the client's own connection, if it has one to a backend that may serve it."""
    service = exchange.prepared.service
    for upstream in own.idle:
        backend = upstream.backend
        known = service.backends.get(backend.name) is backend
        if known and backend.pinnable and backend not in exchange.tried:
            own.discard(upstream)
            exchange.backend = backend
            backend.active += 1
            backend.requests += 1
            _send(exchange, upstream)
            return True
    return False


def _nowhere(exchange: Exchange) -> None:
    policy = exchange.prepared.service.policy
    if exchange.found.reason == BACKEND_DOWN and policy.on_pin_lost == "fail":
        own_answers.fail(exchange, 503, "the client's backend is down (on-pin-lost=fail)")
    elif exchange.tried:
        own_answers.fail(exchange, 502, "no backend could be reached")
    else:
        own_answers.fail(exchange, 503, _unavailable(exchange.prepared.service))


def _unavailable(service: Service) -> str:
    """Why nobody is there, as the checks have it."""
    reasons = [f"{b.name} {b.state}: {b.why}" for b in service.backends.values() if b.why]
    if not reasons:
        return "no backend is available"
    more = ", …" if len(reasons) > _MOST_NAMED else ""
    return f"no backend is available; {', '.join(reasons[:_MOST_NAMED])}{more}"


def _wait(exchange: Exchange, place: Backend | Service) -> None:
    """Queue for a pinned backend, or for any of the service."""
    context, client = exchange.context, exchange.client
    if place.waiting.join(client, context.limits.queue):
        client.deadline = context.queue_at
    else:
        own_answers.fail(exchange, 503, "every backend is busy and the queue is full")


def again(exchange: Exchange, queue_until: float = inf) -> None:
    """Dispatch what was prepared a while ago: a reload may have come in between.

    Who has to queue again is no more patient than before.
    """
    context, client = exchange.context, exchange.client
    if exchange.generation != context.cluster.generation:
        head, own_id = exchange.request.head, exchange.head_out[len(exchange.start) :]
        forget(exchange)
        try:
            exchange.request = context.request_heads.read(head)
            route(exchange)
        except RefusedError as error:
            own_answers.refuse(exchange, error)
            return
        exchange.head_out = exchange.start + own_id
    _dispatch(exchange)
    if client.queue is not None:
        client.deadline = min(client.deadline, queue_until)


def _connect(exchange: Exchange, backend: Backend) -> None:
    """Reach the backend by a new connection."""
    context = exchange.context
    connector.start(context, _reach(exchange, backend))


async def _reach(exchange: Exchange, backend: Backend) -> None:
    context, client = exchange.context, exchange.client
    upstream, ours = None, ""
    try:
        upstream = await connector.connect(context, backend)
    except ExhaustedError as error:
        ours = str(error)
    waits = not client.closed and exchange.backend is backend and exchange.upstream is None
    if ours and waits:
        own_answers.fail(exchange, 503, ours)
    elif upstream is not None and waits:
        _send(exchange, upstream)
    elif upstream is not None:
        connector.keep(context, upstream)
    elif waits:  # nothing was sent: always safe to go elsewhere
        exchange.leave_backend(failed=True)
        context.connect_failed(backend)
        _try_another(exchange, backend)


def _send(exchange: Exchange, upstream: Upstream) -> None:
    """A connection to the chosen backend: send what there is of the request."""
    exchange.upstream = upstream
    body = exchange.body
    if body is not None:
        exchange.client.release()  # before writing, which may hold the client again
    upstream.begin(exchange, exchange.head_out, exchange.request.method == b"HEAD")
    if body is not None:
        upstream.transport.write(body.again())
        body.trim()


def unanswered(exchange: Exchange, backend: Backend, *, stale: bool, partial: bool) -> None:
    """A backend has closed the connection before a whole head of an answer."""
    kept = exchange.body is None or exchange.body.repeatable
    repeatable = exchange.request.idempotent and kept and not partial
    if repeatable and stale:
        # A stale connection says nothing about the backend: try it again with a new one.
        exchange.upstream = None
        backend.retries += 1
        _connect(exchange, backend)
        return
    exchange.leave_backend(failed=True)
    if repeatable and exchange.context.retry_budget.spend():
        _try_another(exchange, backend)
    else:
        own_answers.fail(exchange, 502, "the backend closed the connection without an answer")


def _try_another(exchange: Exchange, failed: Backend) -> None:
    exchange.tried = {*exchange.tried, failed}
    failed.retries += 1
    again(exchange)
