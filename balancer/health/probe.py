"""Asks one backend whether it can serve."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from sessionlab.balancer.backends.state import Seen
from sessionlab.balancer.errors import BadAnswerError
from sessionlab.balancer.http.response_head import ResponseHeads

if TYPE_CHECKING:
    from sessionlab.balancer.config.model import Address, HealthPolicy

_UNAVAILABLE = 503
_FINAL = 200
_MOST = 64 * 1024  # bytes, as for traffic


class _Probe(asyncio.Protocol):
    """One check's connection: sends the request, reads the head as traffic does."""

    def __init__(self, request: bytes, answer: asyncio.Future[int]) -> None:
        self._request = request
        self._answer = answer
        self._seen = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        try:
            while taken := ResponseHeads().take(self._seen, to_head=False):
                response, end = taken
                if response.status >= _FINAL:
                    self._settle(response.status)
                    return
                self._seen = self._seen[end:]
        except BadAnswerError:
            self._settle(0)
        if len(self._seen) > _MOST:
            self._settle(0)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(0)

    def _settle(self, status: int) -> None:
        if not self._answer.done():
            self._answer.set_result(status)
        if self._transport is not None:
            self._transport.abort()


async def probe(address: Address, policy: HealthPolicy) -> Seen:
    """One check: a fresh connection, one GET, a status.

    503 from a live socket is no failure but a wish: it has no room, or is about to stop.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[int] = loop.create_future()
    request = f"GET {policy.path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    transport: asyncio.BaseTransport | None = None
    try:
        async with asyncio.timeout(policy.timeout):
            if address.path:
                transport, _ = await loop.create_unix_connection(
                    lambda: _Probe(request, answer), address.path
                )
            else:
                transport, _ = await loop.create_connection(
                    lambda: _Probe(request, answer), address.host, address.port
                )
            status = await answer
    except (OSError, TimeoutError):
        return Seen.BAD
    finally:
        if transport is not None:
            cast("asyncio.Transport", transport).abort()
    if status in policy.status:
        return Seen.GOOD
    return Seen.ASKS_TO_LEAVE if status == _UNAVAILABLE else Seen.BAD


async def listens(address: Address, timeout: float) -> bool:  # noqa: ASYNC109 - of one connection
    """Whether a connection can be made, within that many seconds."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            if address.path:
                made = await loop.create_unix_connection(asyncio.Protocol, address.path)
            else:
                made = await loop.create_connection(asyncio.Protocol, address.host, address.port)
    except (OSError, TimeoutError):
        return False
    made[0].abort()
    return True
