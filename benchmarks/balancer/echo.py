"""Backends that answer a request with itself: `python -m benchmarks.balancer.echo PORT [steady]`.

Each answer's body is the request's path and body, so a client can tell that it is its own. How it
comes varies: sized or chunked, with an interim answer before it, in pieces, or with the connection
closed behind it; and now and then, unless it is steady, the connection is closed instead.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from typing import cast

import uvloop

from benchmarks.balancer.processes import free_port

CHECK = b"/ready"


class Echo(asyncio.Protocol):
    """One connection; bodies have a length."""

    def __init__(self, chance: random.Random, *, steady: bool) -> None:
        self._chance = chance
        self._steady = steady
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n") + 4) > 3:
            head = self._buffer[:end].lower()
            field = head.partition(b"\r\ncontent-length: ")[2]
            length = int(field.partition(b"\r\n")[0]) if field else 0
            if len(self._buffer) < end + length:
                return
            path = self._buffer.split(b" ", 2)[1]
            body, self._buffer = self._buffer[end : end + length], self._buffer[end + length :]
            if not self._answer(path, path + b"|" + body):
                return

    def _answer(self, path: bytes, body: bytes) -> bool:
        """Answer somehow; False when that was the connection's last."""
        write, kind = self._transport.write, self._chance.random()
        if kind < 0.1:
            half = len(body) // 2
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (body[:half], body[half:]))
            write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        elif kind < 0.12:
            write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _sized(body))
        elif kind < 0.14:
            whole = _sized(body)
            for start in range(0, len(whole), 40):
                write(whole[start : start + 40])
        elif kind < 0.15:
            write(_sized(body, b"Connection: close\r\n"))
            self._transport.close()
            return False
        elif kind < 0.153 and path != CHECK and not self._steady:
            self._transport.close()
            return False
        else:
            write(_sized(body))
        return True


def _sized(body: bytes, fields: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(body), body)


class Backends:
    """Echo servers by number, to be killed and started again at the same port; 0 is steady."""

    def __init__(self, number: int) -> None:
        self.ports = [free_port() for _ in range(number)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        for one in range(number):
            self.start(one)

    def start(self, number: int) -> None:
        command = [sys.executable, "-m", "benchmarks.balancer.echo", str(self.ports[number])]
        command += ["steady"] if number == 0 else []
        self._processes[number] = subprocess.Popen(command)

    def kill(self, number: int) -> None:
        self._processes[number].kill()
        self._processes[number].wait()

    def stop(self) -> None:
        for number in self._processes:
            self.kill(number)


async def serve(port: int, *, steady: bool) -> None:
    chance = random.Random(port)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Echo(chance, steady=steady), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), steady="steady" in sys.argv))
