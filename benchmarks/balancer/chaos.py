"""`python -m benchmarks.balancer.chaos [REQUESTS]`: no answer lost, none for another's request.

Clients send idempotent requests, each with a nonce that its answer must carry, while backends are
killed, drained, taken out, removed and added, and changed configurations are loaded; with several
workers, those are killed too. Prints what was answered, and ends with status 1 if any answer was
wrong or missing. A million requests take about two minutes on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import uvloop

from benchmarks.balancer.echo import Backends
from benchmarks.balancer.processes import OURS, free_port, start
from benchmarks.balancer.trouble import CUT, Trouble

CLIENTS = 50
BACKENDS = 5
PATIENCE_S = 15
GOOD = "good"


class _Cut(Exception):
    """The connection ended; `begun` when some of an answer had come."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__()
        self.begun = begun


async def ask(port: int, client: int, requests: int, seen: Counter[str], trouble: Trouble) -> None:
    """One client's requests, on one connection as long as it is kept."""
    chance = random.Random(client)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(requests):
        path = b"/%d-%d" % (client, number)
        body = b"%d" % chance.getrandbits(64) * chance.choice([1, 100, 2000])
        request = b"PUT %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path, len(body))
        if chance.random() < 0.8:
            request, body = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path, b""
        wanted = path + b"|" + body
        while True:
            before = trouble.backend_ends
            writer.write(request + body)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    status, answer = await read(reader)
                break
            except TimeoutError:
                seen[f"no answer in {PATIENCE_S} s"] += 1
                writer.close()
                return
            except _Cut as cut:
                seen[trouble.blame(before, begun=cut.begun)] += 1
                writer.close()
                reader, writer = await connect(port)
        good = status == b"200" and answer == wanted
        seen[GOOD if good else f"{status.decode()} {answer[-60:]!r}"] += 1
    writer.close()


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection; with its worker killed a socket may refuse for a moment."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.01)


async def read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The final answer: its status and body. Raises `_Cut`."""
    status = b""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            status = head.split(b" ", 2)[1]
            if status >= b"200":
                return status, await _body(reader, head)
    except asyncio.IncompleteReadError as error:
        raise _Cut(begun=bool(error.partial or status)) from None
    except ConnectionError:
        raise _Cut(begun=bool(status)) from None


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"\r\ntransfer-encoding: chunked\r\n" not in head:
        length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        return await reader.readexactly(length)
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


async def run(requests: int, workers: int = 1, seed: int = 1) -> tuple[Counter[str], Counter[str]]:
    """What was answered, and what was done meanwhile."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backends = Backends(BACKENDS)
        stack.callback(backends.stop)
        port, admin = free_port(), free_port()
        config = directory / "balancer.toml"
        chance = random.Random(seed)
        trouble = Trouble(backends, 0, admin, config, kills_workers=workers > 1, chance=chance)
        trouble.configure()
        command = [sys.executable, "-m", "sessionlab.balancer", "--config", str(config)]
        command += ["--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"]
        command += ["--workers", str(workers)]
        trouble.balancer = start(stack, command, port, OURS)
        seen: Counter[str] = Counter()
        await ready(port)
        stop = asyncio.Event()
        troubling = asyncio.create_task(trouble.make(stop))
        asking = [ask(port, c, requests // CLIENTS, seen, trouble) for c in range(CLIENTS)]
        try:
            await asyncio.gather(*asking)
        finally:
            stop.set()
            await troubling
    return seen, trouble.done


async def ready(port: int) -> None:
    """Wait until the balancer has found a backend up."""
    async with asyncio.timeout(20):
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            if answer.startswith(b"HTTP/1.1 200"):
                return
            await asyncio.sleep(0.01)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requests", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="of what goes wrong, and when")
    chosen = parser.parse_args()
    begun = time.monotonic()
    seen, done = uvloop.run(run(chosen.requests, chosen.workers, chosen.seed))
    print(f"{sum(seen.values())} requests in {time.monotonic() - begun:.0f} s: {dict(seen)}")
    print(f"meanwhile: {dict(done)}")
    return 0 if set(seen) <= {GOOD, *CUT.values()} else 1


if __name__ == "__main__":
    sys.exit(main())
