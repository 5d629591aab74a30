"""A story of names, told in namespaces of its own (`unshare -Urmn python -m tests.balancer.named`).

There, port 53 and /etc/resolv.conf are ours: a name server of forty lines answers the C library's
own resolver, and each address of 127.0.0.0/8 can be a node.
"""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from sessionlab.lab.fabrics.local.programs import executable
from tests.balancer.processes.test_process import Started, started
from tests.balancer.rawhttp import Backend, Message, connect

REFUSED, NO_SUCH_NAME = 5, 3


class NameServer(asyncio.DatagramProtocol):
    """Answers every A question with `addresses`, or with the error `status` (RFC 1035, 4.1)."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.status = 0
        self.asked = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end = data.index(b"\0", 12) + 5
        (kind,) = struct.unpack_from("!H", data, end - 4)
        self.asked += 1
        rows = self.addresses if kind == 1 and not self.status else []
        head = struct.pack("!2sHHHHH", data[:2], 0x8180 | self.status, 1, len(rows), 0, 0)
        answers = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH4B", 1, 1, 0, 4, *map(int, address.split(".")))
            for address in rows
        )
        assert self._transport is not None
        self._transport.sendto(head + data[12:end] + answers, addr)


async def states(balancer: Started) -> dict[str, str]:
    async with connect(balancer.admin) as client:
        answer = await client.get("/backends")
    rows: list[dict[str, Any]] = json.loads(answer.body)["backends"]
    return {row["name"].removesuffix("-8001"): row["state"] for row in rows}


async def until_up(balancer: Started, *addresses: str) -> None:
    async with asyncio.timeout(15):
        while await states(balancer) != dict.fromkeys(addresses, "up"):
            await asyncio.sleep(0.01)


async def ask(balancer: Started, cookie: str = "") -> Message:
    async with connect(balancer.address) as client:
        return await client.get("/", *([f"Cookie: {cookie}"] if cookie else []))


async def tell(workers: str) -> None:
    server = NameServer()
    addresses = [f"127.0.1.{number}" for number in range(1, 5)]
    one, two = addresses[:2]
    options = ["--discover", "node.test:8001", "--discover-interval", "0.05"]
    options += ["--health-interval", "0.05", "--affinity", "cookie", "--workers", workers]
    async with AsyncExitStack() as stack:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", 53))
        nodes = {}
        for address in addresses:
            node = nodes[address] = Backend(address, host=address, port=8001)
            await node.start()
            stack.push_async_callback(node.stop)
        server.addresses = [one, two]
        balancer = await stack.enter_async_context(started(*options))
        await until_up(balancer, one, two)

        first = await ask(balancer)
        cookie = first.values("set-cookie")[0].partition(b";")[0].decode()
        home = (first.value("x-node") or b"").decode()

        server.addresses = addresses
        await until_up(balancer, *addresses)
        seen = {(await ask(balancer)).value("x-node") for _ in range(16 * int(workers))}
        assert seen == {address.encode() for address in addresses}, f"nobody is idle: {seen}"
        assert (await ask(balancer, cookie)).value("x-node") == home.encode(), "the pin holds"

        for status in (REFUSED, NO_SUCH_NAME):
            server.status, asked = status, server.asked
            async with asyncio.timeout(15):
                while server.asked < asked + 8:
                    await asyncio.sleep(0.01)
            assert set(await states(balancer)) == set(addresses), "an error removes nobody"

        server.status = 0
        server.addresses = rest = [address for address in addresses if address != home]
        async with asyncio.timeout(15):
            while (await states(balancer))[home] != "drain":
                await asyncio.sleep(0.01)
        assert (await ask(balancer, cookie)).value("x-node") == home.encode(), "it drains"
        assert (await states(balancer)).keys() == set(addresses), "while it answers"

        await nodes[home].stop()
        await until_up(balancer, *rest)
        moved = await ask(balancer, cookie)
        assert (moved.value("x-node") or b"").decode() in rest, "a pin that was lost moves"
        assert moved.values("set-cookie"), "and its client is told"


def main() -> None:
    subprocess.run([executable("ip") or "ip", "link", "set", "lo", "up"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        file.flush()
        Path(file.name).chmod(0o644)
        subprocess.run(["mount", "--bind", file.name, "/etc/resolv.conf"], check=True)
        asyncio.run(tell(*sys.argv[1:]))


if __name__ == "__main__":
    main()
