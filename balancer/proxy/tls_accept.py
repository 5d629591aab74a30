"""TLS, also behind the PROXY protocol: its header comes in clear text, and the handshake after it.

A transport would read on into the handshake, whose bytes could not be given back. So the header is
peeked at on the bare socket, taken off it to the byte, and only then the connection is made.

Connections whose handshake is under way are counted here, as nobody else knows of them yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial
from typing import TYPE_CHECKING, Protocol

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import proxy_protocol
from sessionlab.balancer.proxy.connection import ClientConnection
from sessionlab.balancer.sockets import listeners

if TYPE_CHECKING:
    import ssl

    from sessionlab.balancer.proxy.context import ProxyContext

_MOST_HEADER = 16 + 2048
_LONGEST_S = 3600.0


class Accepting(Protocol):
    """What accepts connections until it is closed."""

    def close(self) -> None: ...


async def serve(
    bound: socket.socket, context: ProxyContext, secured: ssl.SSLContext | None
) -> Accepting:
    """Accept clients as the configuration says."""
    if secured is not None:
        bound.listen(listeners.BACKLOG)
        return TLSServer(bound, context, secured)
    return await listeners.serve(bound, partial(ClientConnection, context))


class TLSServer:
    """Accepts connections in TLS, which begin with a PROXY header if that is configured."""

    def __init__(
        self, bound: socket.socket, context: ProxyContext, secured: ssl.SSLContext
    ) -> None:
        self._bound = bound
        self._context = context
        self._secured = secured
        self._greeting: set[asyncio.Task[None]] = set()
        bound.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        """Accept no more, and give up those that have not said who they are."""
        self._accepting.cancel()
        for task in self._greeting:
            task.cancel()
        self._bound.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(self._bound)
            except OSError:  # out of descriptors, or the client has gone already
                await asyncio.sleep(0.01)
                continue
            if len(self._greeting) >= self._context.limits.connections:
                client.close()
                continue
            client.setblocking(False)
            task = loop.create_task(self._greet(client))
            self._greeting.add(task)
            task.add_done_callback(self._greeting.discard)

    async def _greet(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        context = self._context
        patience = min(context.config.timeouts.header, _LONGEST_S)
        source = ""
        try:
            if context.config.proxy_protocol:
                async with asyncio.timeout(patience):
                    source = (await _read_header(client)).source
            await loop.connect_accepted_socket(
                lambda: ClientConnection(context, source),
                client,
                ssl=self._secured,
                ssl_handshake_timeout=patience,
            )
        except (OSError, TimeoutError, RefusedError):
            client.close()  # what speaks here is no proxy, or no TLS
        except asyncio.CancelledError:
            client.close()
            raise


async def _read_header(client: socket.socket) -> proxy_protocol.Header:
    """Take the header off the socket and nothing else. Raises OSError or `RefusedError`."""
    seen = 0
    while True:
        await _more_than(client, seen)
        data = client.recv(_MOST_HEADER, socket.MSG_PEEK)
        if len(data) <= seen:
            raise ConnectionError
        seen = len(data)
        header = proxy_protocol.parse(data)
        if header is not None:
            client.recv(header.length)
            return header


async def _more_than(client: socket.socket, seen: int) -> None:
    """Wait until that many bytes and one more are there, or the end is."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)
    loop.add_reader(client, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(client)
        with contextlib.suppress(OSError):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
