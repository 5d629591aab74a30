"""The listening socket and the connections that came through it."""

import asyncio
import socket

from aiohttp import web

from sessionlab.nodes.web.access_log import AccessLogForm
from sessionlab.nodes.web.app import make_app
from sessionlab.nodes.web.node import Node
from sessionlab.nodes.web.protocol import NodeProtocol

_FLUSH = 0.2
"""Seconds that answers already made may take to be written when the rest is over."""


class Server:
    """Serves one node on one socket."""

    def __init__(
        self, node: Node, listener: socket.socket, *, access_log: AccessLogForm = "none"
    ) -> None:
        self._node = node
        self._listener = listener
        self._access_log = access_log
        self._runner = web.AppRunner(make_app(node), shutdown_timeout=_FLUSH)
        self._acceptor: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Accept connections from now on."""
        await self._runner.setup()
        self._acceptor = await asyncio.get_running_loop().create_server(
            self._connection, sock=self._listener
        )

    async def drain(self, seconds: float) -> int:
        """Take no more connections, let open requests finish; how many did not in that time."""
        self._close_listener()
        # What was read already becomes a request before they are counted.
        await asyncio.sleep(0)
        # Connections stay open, for aiohttp's `pre_shutdown` makes also busy ones deaf, and a body
        # that is still coming would never end. Each closes with its next answer (`stamp`).
        try:
            async with asyncio.timeout(seconds):
                await self._node.readiness.idle()
        except TimeoutError:
            return self._node.readiness.open_requests
        return 0

    async def stop(self) -> None:
        """Close what is still open."""
        self._close_listener()
        await self._runner.cleanup()
        await self._node.close()

    def _close_listener(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None

    def _connection(self) -> NodeProtocol:
        assert self._runner.server is not None  # noqa: S101 - set up before it listens
        return NodeProtocol(self._runner.server, self._node, access_log=self._access_log)
