"""The backend of the benchmark: answers as many bytes as the path says, as fast as Python can.

At `/login` they are 100, with another session's cookie each time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from email.utils import formatdate
from functools import lru_cache
from secrets import token_hex
from typing import cast

import uvloop

SIZES = (100, 10_000, 1_000_000)


@lru_cache(maxsize=1)
def _made(name: bytes, second: int) -> dict[bytes, bytes]:
    """By path, with the Date that every server has to say (RFC 9110 section 6.6.1)."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Node: %b\r\nDate: %b\r\n" % (
        name,
        formatdate(second, usegmt=True).encode(),
    )
    return {
        b"/%d" % size: head + b"Content-Length: %d\r\n\r\n%b" % (size, b"x" * size)
        for size in SIZES
    }


class Answers(asyncio.Protocol):
    """One connection; requests have no body."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            answers = _made(self._name, int(time.time()))
            answer = answers.get(path, answers[b"/100"])
            if path == b"/login":
                session = b"\r\nSet-Cookie: sid=%b; Path=/\r\n" % token_hex(16).encode()
                answer = answer.replace(b"\r\n", session, 1)
            self._transport.write(answer)
            if b"onnection: close" in head:
                self._transport.close()


async def serve(port: int, name: str) -> None:
    """Serve for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answers(name), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
