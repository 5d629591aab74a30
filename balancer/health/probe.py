"""Asks one backend whether it can serve."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from sessionlab.balancer.backends.state import Seen
from sessionlab.balancer.errors import BadAnswerError, ExhaustedError
from sessionlab.balancer.http.response_head import ResponseHeads
from sessionlab.balancer.sockets.connecting import connect

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
    try:
        if policy.probe != "tcp":
            return _judged(await _ask(address, policy), policy)
        transport, _ = await connect(asyncio.Protocol, address, policy.timeout)
        transport.abort()
        return Check(Seen.GOOD)
    except ExhaustedError as error:
        return Check(Seen.NOTHING, str(error))
    except OSError as error:
        silent = isinstance(error, TimeoutError) and policy.probe != "tcp"
        nothing = f"{_asked(policy)} -> nothing within {policy.timeout:g} s"
        return Check(Seen.BAD, nothing if silent else NO_CONNECTION)


def _judged(status: int | str, policy: HealthPolicy) -> Check:
    if isinstance(status, str):
        return Check(Seen.BAD, f"{_asked(policy)} -> no good HTTP: {status}")
    if status in policy.status:
        return Check(Seen.GOOD)
    hint = f" (see {_OPTIONS[status]})" if status in _OPTIONS else ""
    seen = Seen.ASKS_TO_LEAVE if status == _UNAVAILABLE else Seen.BAD
    return Check(seen, f"{_asked(policy)} -> {status}{hint}")


def _asked(policy: HealthPolicy) -> str:
    return f"{policy.method} {policy.path}"


async def _ask(address: Address, policy: HealthPolicy) -> int | str:
    """The status that a backend answers with, or what is wrong with it; raises as `connect`."""
    answer: asyncio.Future[int | str] = asyncio.get_running_loop().create_future()
    host = policy.host or str(address)
    head = f"{policy.method} {policy.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    async with asyncio.timeout(policy.timeout):
        made = connect(lambda: _Probe(head.encode(), answer), address, policy.timeout)
        transport, _ = await made
        try:
            return await answer
        finally:
            transport.abort()
