"""A line between a browser and a server that can be cut and mended: a TCP proxy on a thread."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


class Line:
    """`url` leads to the same page by another port."""

    def __init__(self, url: str) -> None:
        split = urlsplit(url)
        self._to = (split.hostname, split.port)
        self._url = split
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._port = 0

    @property
    def url(self) -> str:
        return self._url._replace(netloc=f"127.0.0.1:{self._port}").geturl()

    def cut(self) -> None:
        """Break every connection, and take no other."""
        self._loop.call_soon_threadsafe(self._cut)

    def mend(self) -> None:
        self._is_cut = False

    def _cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            if not self._is_cut:
                far, away = await asyncio.open_connection(*self._to)
                self._writers.add(away)
                await asyncio.gather(_pumped(reader, away), _pumped(far, writer))
        writer.transport.abort()

    def serve(self) -> None:
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        starting = asyncio.start_server(self._joined, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self._port = server.sockets[0].getsockname()[1]

    def end(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.transport.abort()


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    line = Line(url)
    line.serve()
    try:
        yield line
    finally:
        line.end()
