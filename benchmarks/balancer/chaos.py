"""`python -m benchmarks.balancer.chaos [REQUESTS]`: no answer lost, none for another's request.

Clients send idempotent requests, each with a nonce that its answer must carry, while backends are
killed, started, drained, added and removed, and the configuration is reloaded. Prints what was
answered, and ends with status 1 if any answer was wrong or missing.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.balancer.processes import free_port, start

CLIENTS = 50
BACKENDS = 5


class Echo(asyncio.Protocol):
    """Answers each request with its own path, sometimes chunked, sometimes closing."""

    def __init__(self) -> None:
        self._buffer = b""
        self._random = random.Random()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            path = self._buffer.split(b" ", 2)[1]
            self._buffer = self._buffer[end + 4 :]
            kind = self._random.random()
            if kind < 0.1:
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(path), path)
                self._transport.write(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
                )
                continue
            closing = b"Connection: close\r\n" if kind > 0.99 else b""
            head = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (closing, len(path))
            self._transport.write(head + path)
            if closing:
                self._transport.close()
                return


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    await server.serve_forever()


class Backends:
    """Echo servers that can be killed and started again."""

    def __init__(self, number: int) -> None:
        self.ports = [free_port() for _ in range(number)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        for port in self.ports:
            self.start(port)

    def start(self, port: int) -> None:
        command = [sys.executable, "-m", "benchmarks.balancer.chaos", "echo", str(port)]
        self._processes[port] = subprocess.Popen(command)

    def kill(self, port: int) -> None:
        self._processes[port].kill()
        self._processes[port].wait()

    def stop(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()


async def call(admin: int, method: str, path: str, body: object = None) -> int:
    """One request to the admin API; its status."""
    raw = json.dumps(body).encode() if body is not None else b""
    reader, writer = await asyncio.open_connection("127.0.0.1", admin)
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def trouble(
    backends: Backends, admin: int, balancer: int, stop: asyncio.Event
) -> Counter[str]:
    """Change something every 50 ms; one backend at least is always left in peace."""
    done: Counter[str] = Counter()
    chance = random.Random(1)
    while not stop.is_set():
        number = chance.randrange(1, BACKENDS)
        port, where = backends.ports[number], f"/backends/app/n{number}"
        act = chance.choice(["kill", "drain", "remove", "maintenance", "reload"])
        done[act] += 1
        if act == "kill":
            backends.kill(port)
            await asyncio.sleep(0.2)
            backends.start(port)
        elif act == "reload":
            os.kill(balancer, signal.SIGHUP)
        elif act == "remove":
            await call(admin, "DELETE", where)
            await asyncio.sleep(0.02)
            new = {"name": f"n{number}", "address": f"127.0.0.1:{port}"}
            await call(admin, "POST", "/backends", new)
        else:
            await call(admin, "PATCH", where, {"state": act})
            await asyncio.sleep(0.02)
            await call(admin, "PATCH", where, {"state": "up"})
        await asyncio.sleep(0.05)
    return done


async def ask(port: int, client: int, requests: int, seen: Counter[str]) -> None:
    """One client's requests, on one connection as long as it is kept."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(requests):
        nonce = b"/%d-%d" % (client, number)
        writer.write(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % nonce)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"chunked" in head:
                body = (await reader.readuntil(b"\r\n0\r\n\r\n")).split(b"\r\n")[1]
            else:
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            seen["lost"] += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        status = head.split(b" ", 2)[1].decode()
        seen["good" if body == nonce else f"status {status} {body[-60:].decode()}"] += 1
    writer.close()


async def run(requests: int) -> int:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backends = Backends(BACKENDS)
        stack.callback(backends.stop)
        port, admin = free_port(), free_port()
        specs = [f"n{n}=127.0.0.1:{p}" for n, p in enumerate(backends.ports)]
        config = directory / "balancer.toml"
        config.write_text(f"backend = {specs}\nhealth-interval = 0.1\nhealth-path = '/'\n")
        command = [sys.executable, "-m", "balancer", "--config", str(config)]
        command += ["--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"]
        pid = start(stack, command, port, 0)
        await asyncio.sleep(1.0)
        stop = asyncio.Event()
        troubling = asyncio.create_task(trouble(backends, admin, pid, stop))
        seen: Counter[str] = Counter()
        begun = time.monotonic()
        each = requests // CLIENTS
        await asyncio.gather(*(ask(port, client, each, seen) for client in range(CLIENTS)))
        stop.set()
        done = await troubling
    print(f"{sum(seen.values())} requests in {time.monotonic() - begun:.0f} s: {dict(seen)}")
    print(f"meanwhile: {dict(done)}")
    return 0 if set(seen) == {"good"} else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["echo"]:
        uvloop.run(serve(int(sys.argv[2])))
    else:
        sys.exit(uvloop.run(run(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)))
