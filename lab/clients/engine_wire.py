"""A client's connections on the fast engine: what a plain request and its answer need, and no more.

WebSockets, event streams that are left early and scripts go on over aiohttp, as do the few requests
that it alone gets right. The jar is the same, and so are the names of errors.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy

from sessionlab.lab.clients.content import EVENT_STREAM, MOST, EventStream
from sessionlab.lab.clients.wire import Exchange, Wire
from sessionlab.lab.engine.connection import Broken
from sessionlab.lab.engine.origin import Origin
from sessionlab.lab.engine.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.abc import AbstractCookieJar
    from yarl import URL

    from sessionlab.lab.clients.network import ClientNetwork
    from sessionlab.lab.clients.wire import Asked
    from sessionlab.lab.engine.connection import Connection
    from sessionlab.lab.engine.head import Head

TWICE = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
"""Asked again where a kept-alive connection turns out to be closed (RFC 9112, 9.3.1)."""


class Awaited:
    """Takes one answer for a coroutine that waits for it."""

    __slots__ = ("future", "stale")

    def __init__(self) -> None:
        self.future: asyncio.Future[tuple[Head, bytes]] = asyncio.Future()
        self.stale = False

    def answered(self, head: Head, body: bytes) -> None:
        if not self.future.done():
            self.future.set_result((head, body))

    def lost(self, problem: Exception, *, stale: bool) -> None:
        self.stale = stale
        if not self.future.done():
            self.future.set_exception(problem)


class EngineWire(Wire):
    """`got` gives an answer that is there: the next request is not sent, and has that one."""

    def __init__(self, jar: AbstractCookieJar, network: ClientNetwork) -> None:
        super().__init__(jar, network)
        self.got: Callable[[], Exchange] | None = None
        self._origins: dict[tuple[str, str | None, int | None], Origin] = {}

    def origin(self, url: URL) -> Origin:
        """Where a request to that URL goes."""
        key = (url.scheme, url.host, url.port)
        if key not in self._origins:
            tls = (self.network.tls or _system()) if url.scheme == "https" else None
            self._origins[key] = Origin(url, tls, self.network.source, self.network.heads)
        return self._origins[key]

    def is_plain(self, url: URL, headers: Mapping[str, str]) -> bool:
        """Whether the engine can ask that."""
        return not url.user and "Cookie" not in headers

    def request(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: dict[str, Any],
        cookies: str,
    ) -> bytes:
        """The bytes of a request; `body` is as aiohttp takes it. Raises ValueError."""
        said, kind = _body(body)
        lines = list(headers.items())
        if cookies:
            lines.append(("Cookie", cookies))
        return rendered(method, url, lines, said, kind)

    async def ask(self, method: str, url: URL, **how: Any) -> Exchange:
        if self.got is not None:
            got, self.got = self.got, None
            return got()
        return await super().ask(method, url, **how)

    async def _exchange(self, asked: Asked) -> Exchange:
        """Over the engine, where it is plain."""
        url, headers = asked.url, asked.headers
        if asked.events or not self.is_plain(url, headers):
            return await super()._exchange(asked)
        request = self.request(asked.method, url, headers, asked.body, asked.cookies)
        async with asyncio.timeout(asked.patience):
            head, raw = await self._answer(asked, request)
        return self.exchange(url, head, raw, new=asked.new, credential=asked.credential)

    def exchange(self, url: URL, head: Head, raw: bytes, *, new: bool, credential: int) -> Exchange:
        """An answer as clients take it, its cookies put into the jar; raises ValueError."""
        headers = CIMultiDict(
            (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
            for name, value in head.lines
        )
        if "Set-Cookie" in headers:
            self.jar.update_cookies_from_headers(headers.getall("Set-Cookie"), url)
        content = _decoded(raw, headers.get("Content-Encoding", ""))
        events = None
        if headers.get("Content-Type", "").partition(";")[0].strip().lower() == EVENT_STREAM:
            stream = EventStream()
            stream.feed(content)
            stream.feed(b"\n\n")
            events = tuple(stream.events)
        said = CIMultiDictProxy(headers)
        return Exchange(new, True, credential, head.status, said, content, events)

    @property
    def forgets(self) -> bool:
        """Whether time alone takes a cookie away."""
        return any(cookie["max-age"] or cookie["expires"] for cookie in self.jar)

    async def close(self) -> None:
        for origin in self._origins.values():
            origin.close()
        await super().close()

    async def _answer(self, asked: Asked, request: bytes) -> tuple[Head, bytes]:
        origin = self.origin(asked.url)
        connection = origin.take()
        while True:
            if connection is None:
                asked.new = True
                connection = await _connected(origin)
            awaited = Awaited()
            asked.sent = True
            connection.send(awaited, request)
            try:
                return await awaited.future
            except asyncio.CancelledError:
                connection.drop(ConnectionAbortedError("given up"))
                raise
            except ConnectionError as problem:
                if not awaited.stale or asked.method not in TWICE:
                    raise told_by(problem) from None
            connection = None


def told_by(problem: Exception) -> Exception:
    """What went wrong on a connection, by the names that aiohttp has for it."""
    if isinstance(problem, Broken):
        kind = aiohttp.ClientPayloadError if problem.begun else aiohttp.ServerDisconnectedError
        return kind(str(problem))
    if isinstance(problem, OSError) and not isinstance(problem, TimeoutError):
        return aiohttp.ClientOSError(problem.errno, problem.strerror or str(problem))
    return problem


async def _connected(origin: Origin) -> Connection:
    try:
        return await origin.connect()
    except OSError as problem:
        is_tls = origin.tls is not None
        key = ConnectionKey(origin.host, origin.port, is_tls, origin.tls or True, None, None, None)
        if isinstance(problem, ssl.CertificateError):
            raise aiohttp.ClientConnectorCertificateError(key, problem) from problem
        if isinstance(problem, ssl.SSLError):
            raise aiohttp.ClientConnectorSSLError(key, problem) from problem
        if isinstance(problem, socket.gaierror):
            raise aiohttp.ClientConnectorDNSError(key, problem) from problem
        raise aiohttp.ClientConnectorError(key, problem) from problem


def _body(body: dict[str, Any]) -> tuple[bytes, str]:
    if "json" in body:
        return json.dumps(body["json"]).encode(), "application/json"
    data = body.get("data")
    if data is None:
        return b"", ""
    if isinstance(data, bytes):
        return data, ""
    form = data()
    return form.decode().encode(), form.content_type


def _decoded(raw: bytes, coding: str) -> bytes:
    """As aiohttp does it; raises ValueError for what is no such coding, or too long."""
    if not raw or coding.lower() not in ("gzip", "deflate"):
        return raw
    try:
        wants_raw = coding.lower() == "deflate" and raw[0] & 0xF != zlib.DEFLATED
        kind = -zlib.MAX_WBITS if wants_raw else zlib.MAX_WBITS | 32
        decoder = zlib.decompressobj(kind)
        found = decoder.decompress(raw, MOST + 1)
    except zlib.error as error:
        raise aiohttp.ClientPayloadError(f"Can not decode content-encoding: {error}") from None
    if len(found) > MOST:
        raise ValueError(f"more than {MOST:,} bytes")
    return found


@cache
def _system() -> ssl.SSLContext:
    return ssl.create_default_context()
