"""What the balancer says itself to a client: the answers that no backend gave."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.backend import NOT_LOOKED_AT
from sessionlab.balancer.backends.pin import NOTHING
from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import problems
from sessionlab.balancer.proxy import x_balancer
from sessionlab.balancer.proxy.forward_headers import NOT_PREPARED
from sessionlab.balancer.proxy.states import BODY, DISCARD, SENT, TUNNEL, UNDER_WAY

if TYPE_CHECKING:
    from sessionlab.balancer.proxy.exchange import Exchange

_CLIENT_LEFT = 499  # as nginx logs it; no client ever sees it


def fail(exchange: Exchange, status: int, detail: str) -> None:
    """No backend gives an answer, so we do; the connection stays if the request is whole."""
    client = exchange.client
    exchange.abandon(failed=status == 504)  # noqa: PLR2004 - silence is a failure of the backend
    if client.state != SENT or not exchange.keep_alive:
        refuse(exchange, RefusedError(status, detail))
        return
    request = exchange.request
    exchange.keep_alive = request.fields.keep_alive and not exchange.context.draining
    close = not exchange.keep_alive
    bodiless = request.method == b"HEAD"
    answer = problems.answer(status, detail, close=close, bodiless=bodiless)
    _say(exchange, status, detail, answer)
    if close:
        client.close()
    else:
        client.next_request()


def refuse(exchange: Exchange, error: RefusedError) -> None:
    """Answer with a problem and close; nothing more of this connection is believed."""
    client = exchange.client
    if error.status == 404 and client.state == SENT:  # noqa: PLR2004 - a good request
        fail(exchange, error.status, error.detail)
        return
    if exchange.answering:
        cut(exchange, "balancer")
        client.state = BODY  # so that the client can still read what it got
    else:
        exchange.abandon()
        answer = problems.answer(error.status, error.detail, close=True)
        _say(exchange, error.status, error.detail, answer)
    client.close()


def refuse_unread(exchange: Exchange, error: RefusedError) -> None:
    """Refuse what never became a request; nothing of an earlier one is said about it."""
    exchange.found = NOT_LOOKED_AT
    exchange.prepared = NOT_PREPARED
    exchange.repeatable = exchange.start = exchange.head_out = b""
    refuse(exchange, error)


def cut(exchange: Exchange, by: str) -> None:
    """Give up a request that has no whole answer yet; `by` says who did that."""
    client = exchange.client
    if not exchange.answering:
        _count_unanswered(exchange)
        exchange.status, exchange.sent, exchange.done = _CLIENT_LEFT, 0, NOTHING
    by = "" if client.state == TUNNEL else by
    exchange.log(exchange.backend, perf_counter() - exchange.started, by)
    exchange.abandon()
    client.state = DISCARD


def awaits_100(exchange: Exchange) -> bool:
    """Whether the client may rightly wait for a word of the backend before its body."""
    upstream, body = exchange.upstream, exchange.body
    return (
        exchange.request.fields.expect_continue
        and upstream is not None
        and not upstream.interims
        and body is not None
        and not body.begun
    )


def _say(exchange: Exchange, status: int, detail: str, answer: bytes) -> None:
    """An answer that the balancer makes itself; it does nothing about a pin."""
    client, context = exchange.client, exchange.context
    answer = x_balancer.into(answer, context.date)
    if context.explains:
        answer = x_balancer.into(answer, x_balancer.line("", exchange.found, NOTHING))
    client.transport.write(answer)
    context.metrics.own(status)
    _count_unanswered(exchange)
    exchange.status, exchange.sent, exchange.done = status, 0, NOTHING
    under_way = client.state in UNDER_WAY
    exchange.log(None, perf_counter() - exchange.started if under_way else 0.0, detail=detail)


def _count_unanswered(exchange: Exchange) -> None:
    """The verdict on a request that no backend answers."""
    prepared = exchange.prepared
    if prepared is NOT_PREPARED:
        exchange.context.metrics.unrouted += 1
    else:
        prepared.service.counters.add(exchange.found, NOTHING)
