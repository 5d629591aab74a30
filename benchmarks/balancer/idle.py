"""`python -m benchmarks.balancer.idle [CONNECTIONS]`: what a connection costs that does nothing.

Opens keep-alive connections, has each answered once, holds them all, and prints the balancer's
memory per connection; then has each answered once more. Ends with status 1 if one was not.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from benchmarks.balancer.processes import OTHERS, OURS, free_port, start

if TYPE_CHECKING:
    from collections.abc import Sequence

REQUEST = b"GET /100 HTTP/1.1\r\nHost: a\r\n\r\n"
AT_ONCE = 200
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def memory_kb(pid: int) -> int:
    """The resident memory of a process, in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def ask(connection: Connection) -> None:
    reader, writer = connection
    writer.write(REQUEST)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise ConnectionError(head.decode())
    await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))


async def hold(port: int, number: int) -> list[Connection]:
    """So many connections, each answered once."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one() -> Connection:
        async with turns:
            connection = await asyncio.open_connection("127.0.0.1", port, limit=4096)
            await ask(connection)
            return connection

    return await asyncio.gather(*(one() for _ in range(number)))


async def ask_all(connections: Sequence[Connection]) -> None:
    for start_at in range(0, len(connections), AT_ONCE):
        await asyncio.gather(*map(ask, connections[start_at : start_at + AT_ONCE]))


async def run(number: int) -> float:
    """Hold so many connections; kB for each. Raises ConnectionError when one was cut."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        backend, port = free_port(), free_port()
        command = [sys.executable, "-m", "benchmarks.balancer.backend", str(backend), "n1"]
        start(stack, command, backend, OTHERS)
        command = [sys.executable, "-m", "sessionlab.balancer", "--listen", f"127.0.0.1:{port}"]
        command += [
            "--admin",
            "none",
            "--backend",
            f"n1=127.0.0.1:{backend}",
            "--health-interval",
            "0",
        ]
        pid = start(stack, [*command, "--idle-timeout", "600"], port, OURS)
        for _, writer in await hold(port, AT_ONCE):  # so that its first steps are not counted
            writer.close()
        before = memory_kb(pid)
        connections = await hold(port, number)
        each = (memory_kb(pid) - before) / number
        await ask_all(connections)
        for _, writer in connections:
            writer.close()
    return each


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("connections", type=int, nargs="?", default=10_000)
    number = parser.parse_args().connections
    try:
        each = uvloop.run(run(number))
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        print(f"not all {number} connections were held: {error!r}")
        return 1
    print(f"{number} idle keep-alive connections held, {each:.2f} kB of memory for each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
