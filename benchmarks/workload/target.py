"""What both generators ask: an app that keeps a session for each login, as fast as Python can.

No two of its answers have the same head, as it is with most apps: ours remembers those that it saw.
`python -m benchmarks.workload.target PORT`
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from email.utils import formatdate
from functools import lru_cache
from typing import cast

import uvloop

SESSIONS: dict[bytes, bytes] = {}


@lru_cache(maxsize=1)
def _head(second: int) -> bytes:
    date = formatdate(second, usegmt=True).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nX-Node: n1\r\n"
        b"Date: %b\r\n" % date
    )


class App(asyncio.Protocol):
    """One connection; requests come whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        path = head[: head.index(b"\r\n")].split(b" ")[1]
        start = head.find(b"sid=") + 4
        user = SESSIONS.get(head[start : start + 8], b"") if start > 3 else b""
        more = b""
        if path == b"/login":
            sid = b"%08d" % len(SESSIONS)
            user = SESSIONS[sid] = json.loads(body)["username"].encode()
            more = b"Set-Cookie: sid=%b; Path=/; HttpOnly\r\n" % sid
        said = b'{"items": []}' if path == b"/cart" else b'{"user": "%b", "node": "n1"}' % user
        now = time.time()
        rest = b"Server-Timing: app;dur=%f\r\nContent-Length: %d\r\n\r\n" % (now % 10, len(said))
        self._transport.write(b"".join((_head(int(now)), more, rest, said)))


async def serve(port: int) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_server(App, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
