"""`python -m benchmarks.balancer.bodies [MEGABYTES]`: bodies of any size at constant memory.

Sends and fetches a body, sized and chunked, with a reader that keeps up and one that starts late
and reads slowly, and prints how far the balancer's memory rose meanwhile. Ends with status 1 when
that depends on the size: more than a few MB (buffers of the sockets are the kernel's).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvloop

from benchmarks.balancer.idle import memory_kb
from benchmarks.balancer.processes import OURS, free_port, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MB = 1_000_000
PIECE = b"0123456789abcdef" * 4096
MOST_KB = 12_000
LATE_S = 0.5
"""How long a slow reader does nothing at first: enough to send a great deal to a buffer."""


@dataclass(frozen=True)
class Case:
    """Which way a body goes, how it is framed, and who reads it."""

    up: bool
    chunked: bool
    slow: bool

    def __str__(self) -> str:
        framing = "chunked" if self.chunked else "sized"
        reader = "slow reader" if self.slow else "fast reader"
        return f"{'up' if self.up else 'down':4} {framing:7} {reader}"


CASES = [
    Case(up, chunked, slow)
    for up in (True, False)
    for chunked in (False, True)
    for slow in (False, True)
]


def framing(case: Case, size: int) -> bytes:
    return b"Transfer-Encoding: chunked" if case.chunked else b"Content-Length: %d" % size


async def send(writer: asyncio.StreamWriter, case: Case, size: int) -> None:
    """The body, no faster than it is taken."""
    left = size
    while left:
        piece = PIECE[:left]
        left -= len(piece)
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if case.chunked else piece)
        await writer.drain()
    if case.chunked:
        writer.write(b"0\r\n\r\n")


async def receive(reader: asyncio.StreamReader, case: Case, size: int) -> int:
    """Read the body; how many bytes of it came."""
    if case.slow:
        await asyncio.sleep(LATE_S)
    got = 0
    while True:
        if case.chunked:
            wanted = int(await reader.readuntil(b"\r\n"), 16)
        else:
            wanted = min(size - got, len(PIECE))
        if wanted:
            await reader.readexactly(wanted)
            got += wanted
            if case.slow:
                await asyncio.sleep(0)  # behind everything else that is ready
        if case.chunked:
            await reader.readexactly(2)
        if not wanted or (not case.chunked and got == size):
            return got


@asynccontextmanager
async def serving(port: int, case: Case, size: int) -> AsyncIterator[asyncio.Future[int]]:
    """A backend that takes a body or gives one; how many bytes it has received."""
    got: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if case.up:
            got.set_result(await receive(reader, case, size))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing(case, size))
            await send(writer, case, size)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield got
    finally:
        server.close()


async def transfer(port: int, case: Case, size: int, got: asyncio.Future[int]) -> None:
    """One body through the balancer; raises AssertionError when some of it did not arrive."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if case.up:
        writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing(case, size))
        await send(writer, case, size)
        head = await reader.readuntil(b"\r\n\r\n")
        arrived = await got
    else:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        arrived = await receive(reader, case, size)
    writer.close()
    assert head.startswith(b"HTTP/1.1 200"), head
    assert arrived == size, f"{arrived} of {size} bytes arrived"


async def watch(pid: int, stop: asyncio.Event) -> int:
    """The most memory that was seen, in kB."""
    most = 0
    while not stop.is_set():
        most = max(most, memory_kb(pid))
        await asyncio.sleep(0.01)
    return most


async def rise(case: Case, size: int) -> int:
    """By how many kB the balancer's memory rose over such a body."""
    backend, port = free_port(), free_port()
    async with AsyncExitStack() as running:
        stack = running.enter_context(ExitStack())
        got = await running.enter_async_context(serving(backend, case, size))
        command = [sys.executable, "-m", "sessionlab.balancer", "--listen", f"127.0.0.1:{port}"]
        command += [
            "--admin",
            "none",
            "--backend",
            f"n1=127.0.0.1:{backend}",
            "--health-interval",
            "0",
        ]
        pid = start(stack, command, port, OURS)
        before = memory_kb(pid)
        stop = asyncio.Event()
        watching = asyncio.create_task(watch(pid, stop))
        await transfer(port, case, size, got)
        stop.set()
        return await watching - before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", type=int, nargs="?", default=1000)
    megabytes = parser.parse_args().megabytes
    status = 0
    for case in CASES:
        begun = time.monotonic()
        risen = uvloop.run(rise(case, megabytes * MB))
        status |= risen > MOST_KB
        rate = megabytes / (time.monotonic() - begun)
        print(f"{megabytes} MB {case}: memory rose by {risen / 1000:.1f} MB, {rate:.0f} MB/s")
    return status


if __name__ == "__main__":
    sys.exit(main())
