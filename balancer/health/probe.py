"""Asks one backend whether it can serve."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from sessionlab.balancer.backends.state import Seen
from sessionlab.balancer.errors import BadAnswerError
from sessionlab.balancer.http.response_head import ResponseHeads

if TYPE_CHECKING:
    from sessionlab.balancer.config.model import Address, HealthPolicy

NO_CONNECTION = "no connection can be made"
_UNAVAILABLE = 503
_FINAL = 200
_MOST = 64 * 1024  # bytes, as for traffic


_OPTIONS = {400: "--health-host", 404: "--health-path", 405: "--health-method"}
"""What an answer that comes from the balancer's settings, and not from trouble, has to do with."""


class Check(NamedTuple):
    """What one check saw; `why` says why it was no good one."""

    seen: Seen
    why: str = ""


class _Probe(asyncio.Protocol):
    """One check's connection: sends the request, reads the head as traffic does.

    The answer is a status, or what is wrong with it.
    """

    def __init__(self, request: bytes, answer: asyncio.Future[int | str]) -> None:
        self._request = request
        self._answer = answer
        self._seen = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        to_head = self._request.startswith(b"HEAD ")
        try:
            while taken := ResponseHeads().take(self._seen, to_head=to_head):
                response, end = taken
                if response.status >= _FINAL:
                    self._settle(response.status)
                    return
                self._seen = self._seen[end:]
        except BadAnswerError as error:
            self._settle(str(error))
        if len(self._seen) > _MOST:
            self._settle("response head too large")

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle("the connection was closed")

    def _settle(self, found: int | str) -> None:
        if not self._answer.done():
            self._answer.set_result(found)
        if self._transport is not None:
            self._transport.abort()


async def probe(address: Address, policy: HealthPolicy) -> Check:
    """One check: a fresh connection, one request, a status; by tcp the connection alone.

    503 from a live socket is no failure but a wish: it has no room, or is about to stop.
    """
    if policy.probe == "tcp":
        there = await listens(address, policy.timeout)
        return Check(Seen.GOOD) if there else Check(Seen.BAD, NO_CONNECTION)
    asked = f"{policy.method} {policy.path}"
    try:
        status = await _ask(address, policy)
    except TimeoutError:
        return Check(Seen.BAD, f"{asked} -> nothing within {policy.timeout:g} s")
    except OSError:
        return Check(Seen.BAD, NO_CONNECTION)
    if isinstance(status, str):
        return Check(Seen.BAD, f"{asked} -> no good HTTP: {status}")
    if status in policy.status:
        return Check(Seen.GOOD)
    hint = f" (see {_OPTIONS[status]})" if status in _OPTIONS else ""
    seen = Seen.ASKS_TO_LEAVE if status == _UNAVAILABLE else Seen.BAD
    return Check(seen, f"{asked} -> {status}{hint}")


async def _ask(address: Address, policy: HealthPolicy) -> int | str:
    """The status that a backend answers with, or what is wrong with it; raises OSError."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[int | str] = loop.create_future()
    host = policy.host or str(address)
    head = f"{policy.method} {policy.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    transport: asyncio.BaseTransport | None = None

    def connection() -> _Probe:
        return _Probe(head.encode(), answer)

    try:
        async with asyncio.timeout(policy.timeout):
            if address.path:
                transport, _ = await loop.create_unix_connection(connection, address.path)
            else:
                transport, _ = await loop.create_connection(connection, address.host, address.port)
            return await answer
    finally:
        if transport is not None:
            cast("asyncio.Transport", transport).abort()


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
