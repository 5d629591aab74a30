"""From a request to a tunnel: the backend has accepted an Upgrade (RFC 9110 section 7.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.proxy import x_balancer
from sessionlab.balancer.services.tunnels import Tunnel

if TYPE_CHECKING:
    from sessionlab.balancer.http.response_head import Response
    from sessionlab.balancer.proxy.exchange import Exchange
    from sessionlab.balancer.proxy.upstream import Upstream


def switch(
    exchange: Exchange, upstream: Upstream, response: Response, rest: bytes, early: bytes
) -> None:
    """Pass the 101 on; `rest` and `early` are what backend and client have sent behind it."""
    backend = upstream.backend
    backend.by_class[1] += 1
    lines, exchange.done, made = exchange.settle(backend, response)
    claim = exchange.prepared.claim
    key = made or claim.client or claim.key
    keys = () if key is None else (key, *claim.others)
    tunnel = Tunnel(backend, exchange.prepared.service, keys)
    exchange.context.tunnels.opened(exchange.client, tunnel)
    if exchange.context.explains:
        lines += x_balancer.line(backend.name, exchange.found, exchange.done)
    exchange.status, exchange.sent = response.status, len(rest)
    exchange.answering = True
    head = response.lines + lines + b"Connection: Upgrade\r\nUpgrade: " + response.upgrade
    exchange.client.transport.write(head + b"\r\n\r\n" + rest)
    if early:
        upstream.transport.write(early)
