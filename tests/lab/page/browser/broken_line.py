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
    """`url` leads to the same page by another port; the server hears its own, as it insists on."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._netloc = ""
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()

    @property
    def url(self) -> str:
        return self._url._replace(netloc=self._netloc).geturl()

    def cut(self) -> None:
        """Break every connection, and take no other."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._break)

    def mend(self) -> None:
        self._is_cut = False

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.call_later, 0.1, self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self._netloc = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            if not self._is_cut:
                far, away = await asyncio.open_connection(self._url.hostname, self._url.port)
                self._writers.add(away)
                names = self._netloc.encode(), self._url.netloc.encode()
                await asyncio.gather(_pump(reader, away, *names), _pump(far, writer, b"", b""))
        writer.transport.abort()

    def _break(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: bytes, instead: bytes
) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some.replace(name, instead) if name else some)
            await writer.drain()
    writer.transport.abort()


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    line = Line(url)
    try:
        yield line
    finally:
        line.end()
