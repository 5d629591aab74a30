"""Where requests go: a host and a port, with or without TLS, and the connections open there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessionlab.lab.engine.connection import Connection

if TYPE_CHECKING:
    import ssl

    from yarl import URL

    from sessionlab.lab.engine.head import Heads


class Origin:
    """One client's connections to one place; `free` are those that can take a request.

    `source` is the address to come from, None for whichever the system takes. `tls` says which
    certificates are believed.
    """

    __slots__ = ("_all", "_heads", "_source", "free", "host", "port", "tls")

    def __init__(
        self, url: URL, tls: ssl.SSLContext | None, source: str | None, heads: Heads
    ) -> None:
        self.host = url.host or ""
        self.port = url.port or 80
        self.tls = tls if url.scheme == "https" else None
        self._source = (source, 0) if source else None
        self._heads = heads
        self._all: set[Connection] = set()
        self.free: list[Connection] = []

    def take(self) -> Connection | None:
        """An open connection that is free; none when there is none."""
        while self.free:
            connection = self.free.pop()
            if connection.is_open:
                return connection
            self._all.discard(connection)
        return None

    async def connect(self) -> Connection:
        """A new one; raises OSError (ssl's errors are of that kind, too)."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._heads, self.free.append),
            self.host,
            self.port,
            ssl=self.tls,
            local_addr=self._source,
        )
        self._all = {one for one in self._all if one.is_open}
        self._all.add(connection)
        return connection

    def close(self) -> None:
        """Close what is free, and drop what is under way."""
        for connection in self._all:
            if connection.is_open:
                connection.drop(ConnectionAbortedError("closed by the client"))
        self._all.clear()
        self.free.clear()
