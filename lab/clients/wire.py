"""A client's connections, and what is known of a request whether or not it is answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from sessionlab.lab.clients.content import ServerEvent, read
from sessionlab.lab.engine.exhaustion import NO_ADDRESS, denied, exhausted
from sessionlab.lab.errors import NothingShown, StepError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import SimpleNamespace

    from aiohttp.abc import AbstractCookieJar
    from yarl import URL

    from sessionlab.lab.clients.network import ClientNetwork

NO_HEADERS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
MOST_LINE = 65_536  # bytes of one of an answer's header lines: tokens can be long
_CREDENTIALS = ("cookie", "authorization")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and its answer if there was one: without, `status` is None and `error` says why.

    `new_connection`, `sent` (its head has left) and `credential` (bytes of the header lines that
    say who asks) are known of the request itself; `given_up` says that whoever asked was cancelled.
    `events` are those of an event stream, None of any other answer.
    """

    new_connection: bool
    sent: bool
    credential: int
    status: int | None = None
    headers: CIMultiDictProxy[str] = field(default_factory=lambda: NO_HEADERS)
    content: bytes = b""
    events: tuple[ServerEvent, ...] | None = None
    error: str | None = None
    given_up: bool = False


@dataclass(slots=True)
class Asked:
    """One request as `Wire.ask` takes it, and what becomes known of it: see `Exchange`."""

    method: str
    url: URL
    headers: Mapping[str, str]
    cookies: str
    patience: float
    events: int
    body: dict[str, Any]
    new: bool = False
    sent: bool = False
    said: CIMultiDictProxy[str] = field(default_factory=lambda: NO_HEADERS)

    @property
    def credential(self) -> int:
        return credential_size(self.headers, self.cookies)

    def exchange(self, *answer: Any, **failure: Any) -> Exchange:
        """With the answer, from its `status` on, or without one."""
        return Exchange(self.new, self.sent, self.credential, *answer, **failure)


class Wire:
    """Connections that one client keeps alive, with its cookies."""

    def __init__(self, jar: AbstractCookieJar, network: ClientNetwork) -> None:
        self.jar = jar
        self.network = network
        self._asking = 0
        self._retired = self.closed = False
        self._http: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        """Made when it is first wanted."""
        if self._http is None:
            network = self.network
            self._http = aiohttp.ClientSession(
                cookie_jar=self.jar,
                connector=network.connector(),
                trace_configs=[_TRACE, *([network.trace] if network.trace else [])],
                max_line_size=MOST_LINE,
                max_field_size=MOST_LINE,
            )
        return self._http

    async def ask(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        patience: float,
        events: int = 0,
        **body: Any,
    ) -> Exchange:
        """Send one request, and wait `patience` seconds for its answer; redirects are not followed.

        With `events` the answer is over after that many server-sent events. Raises NothingShown
        when the lab's own machine is what keeps it from being sent. When it is cancelled it
        returns all the same, for the request may have been carried out.
        """
        asked = Asked(method, url, headers, self.cookie_line(url), patience, events, body)
        self._asking += 1
        try:
            return await self._exchange(asked)
        except asyncio.CancelledError:
            return asked.exchange(headers=asked.said, error="given up", given_up=True)
        except (aiohttp.ClientError, OSError, ValueError) as problem:  # a time-out is an OSError
            self._blame(problem)
            error = named(problem)
            return asked.exchange(headers=asked.said, error=error)
        finally:
            self._asking -= 1
            await self._close_when_idle()

    async def _exchange(self, asked: Asked) -> Exchange:
        """Over aiohttp."""
        async with self.http.request(
            asked.method,
            asked.url,
            headers=asked.headers,
            timeout=aiohttp.ClientTimeout(total=asked.patience),
            allow_redirects=False,
            trace_request_ctx=asked,
            **asked.body,
        ) as response:
            asked.said = response.headers
            content = await read(response, asked.events)
        return asked.exchange(response.status, asked.said, content.raw, content.events)

    def cookie_line(self, url: URL) -> str:
        """The value of the `Cookie` that goes there; empty without any."""
        cookies = self.jar.filter_cookies(url)
        return "; ".join(cookie.OutputString([]) for _, cookie in sorted(cookies.items()))

    async def retire(self) -> None:
        """Close the connections, each once the answer that is under way on it is there."""
        self._retired = True
        await self._close_when_idle()

    async def close(self) -> None:
        self.closed = True
        if self._http is not None:
            await self._http.close()

    async def _close_when_idle(self) -> None:
        if self._retired and not self._asking:
            await self.close()

    def _blame(self, problem: Exception) -> None:
        """Raise what no server can be blamed for."""
        if self.closed:
            raise StepError("a client was closed while it waited for an answer")
        if trouble := own_trouble(problem):
            raise trouble from problem


def credential_size(headers: Mapping[str, str], cookies: str) -> int:
    """Bytes of the header lines that say who asks (`Name: value` and the line's end)."""
    said = headers.items()
    lines = [f"{name}: {value}" for name, value in said if name.lower() in _CREDENTIALS]
    if cookies:
        lines.append(f"Cookie: {cookies}")
    return sum(len(line) + 2 for line in lines)


def named(problem: Exception) -> str:
    """What is recorded of it: its kind, and what it says."""
    return f"{type(problem).__name__}: {problem}".removesuffix(": ")


def own_trouble(problem: Exception) -> NothingShown | None:
    """The lab's own trouble in a request that failed; None when the servers have failed it."""
    if isinstance(problem, aiohttp.ClientConnectorDNSError):
        return NothingShown(
            f"the lab could not look up {problem.host}: {problem.os_error}",
            "the name must be known on this machine, or give an address",
        )
    return denied(problem, NO_ADDRESS) or exhausted(problem)


def _trace() -> aiohttp.TraceConfig:
    """Notes on each request's context whether it took a new connection and was sent."""

    async def connecting(_: object, context: SimpleNamespace, __: object) -> None:
        if context.trace_request_ctx:  # a WebSocket's handshake has none
            context.trace_request_ctx.new = True

    async def sent(_: object, context: SimpleNamespace, __: object) -> None:
        if context.trace_request_ctx:
            context.trace_request_ctx.sent = True

    async def redirected(
        _: object, __: SimpleNamespace, told: aiohttp.TraceRequestRedirectParams
    ) -> None:
        """Only that handshake would follow by itself, wherever it leads."""
        answer = told.response
        raise aiohttp.WSServerHandshakeError(
            answer.request_info, (), status=answer.status, headers=answer.headers
        )

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_start.append(connecting)  # it may fail to be made
    trace.on_request_headers_sent.append(sent)
    trace.on_request_redirect.append(redirected)
    trace.freeze()
    return trace


_TRACE = _trace()
