"""From a connection's bytes to requests, one at a time, and their bodies."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import proxy_protocol, request_head
from sessionlab.balancer.http.request_body import RequestBody
from sessionlab.balancer.http.request_head import NO_REQUEST
from sessionlab.balancer.proxy import dispatch, own_answers
from sessionlab.balancer.proxy.states import BODY, READING, SENT

if TYPE_CHECKING:
    from sessionlab.balancer.http.request_fields import Fields
    from sessionlab.balancer.proxy.exchange import Exchange


def read_greeting(exchange: Exchange) -> None:
    """Who the client is, from the proxy before us; then its requests."""
    client = exchange.client
    try:
        header = proxy_protocol.parse(client.buffer)
    except RefusedError:
        client.abort()  # what speaks here is no proxy, and HTTP would be wasted on it
        return
    if header is not None:
        if header.source:
            client.peer = exchange.context.peers.at(header.source)
        client.buffer = client.buffer[header.length :]
        client.state = READING
        read_requests(exchange)


def read_requests(exchange: Exchange) -> None:
    """Start the next request, and go on as long as requests are answered on the spot."""
    client = exchange.client
    limit = exchange.context.limits.header_bytes
    client.reading = True
    try:
        while client.state == READING and client.buffer and not client.closed:
            head = client.buffer
            end = head.find(b"\r\n\r\n") + 4
            if end == 3 or end > limit:  # noqa: PLR2004 - 3: not found
                if not _wait_for_head(exchange, head, limit):
                    return
                continue
            if len(head) > end:
                client.buffer = head[end:]
                head = head[:end]
            else:
                client.buffer = b""
            try:
                _start(exchange, head)
            except RefusedError as error:
                own_answers.refuse_unread(exchange, error)
    finally:
        client.reading = False


def _wait_for_head(exchange: Exchange, buffer: bytes, limit: int) -> bool:
    """The head is not whole. False: wait for more; true: look again."""
    client = exchange.client
    if buffer.startswith(b"\r\n"):
        client.buffer = buffer[2:]
        if client.buffer:
            client.deadline = exchange.context.header_at
        return True
    if len(buffer) >= limit:
        too_large = RefusedError(431, f"the request head is larger than {limit} bytes")
        own_answers.refuse_unread(exchange, too_large)
    elif request_head.hopeless(buffer):
        own_answers.refuse_unread(exchange, RefusedError(400, "this is not HTTP/1.1"))
    return False


def _start(exchange: Exchange, head: bytes) -> None:
    """Take a request from its head to a backend. Raises `RefusedError`."""
    client, context = exchange.client, exchange.context
    if head.startswith(b"\r\n"):
        head = head[2:]  # RFC 9112 section 2.2: one empty line may come before
    if exchange.generation != context.cluster.generation:
        dispatch.forget(exchange)
    request = exchange.request
    if request is NO_REQUEST:
        request = exchange.request = context.request_heads.first(head)
    elif request.head != head:
        request = exchange.request = context.request_heads.read(head)
    fields = request.fields
    exchange.started = perf_counter()
    if fields.length == 0:
        client.state = SENT
        exchange.whole = True
        exchange.body = None
        if client.buffer:
            client.hold()
    else:
        _start_body(exchange, fields)
    dispatch.route(exchange)
    exchange.repeatable = head if fields.length == 0 else b""
    dispatch.begin(exchange)


def _start_body(exchange: Exchange, fields: Fields) -> None:
    client = exchange.client
    exchange.body = RequestBody(fields.length, exchange.context.limits.body, fields.options)
    exchange.whole = False
    client.state = BODY
    early, client.buffer = client.buffer, b""
    if early:
        _take_body(exchange, exchange.body, early)


def read_body(exchange: Exchange, data: bytes) -> None:
    """More of a request's body."""
    client, body = exchange.client, exchange.body
    if client.queue is None:
        client.deadline = exchange.context.response_at
    if body is not None:
        try:
            _take_body(exchange, body, data)
        except RefusedError as error:
            own_answers.refuse(exchange, error)


def _take_body(exchange: Exchange, body: RequestBody, data: bytes) -> None:
    """Pass a piece of the body on, or keep it until there is a backend."""
    client = exchange.client
    piece = body.take(data)
    if body.done:
        client.state = SENT
        exchange.whole = True
        client.buffer = body.rest
        if client.buffer:
            client.hold()
    if exchange.upstream is not None:
        exchange.upstream.transport.write(piece)
        body.trim()
    elif body.plenty:
        client.hold()
