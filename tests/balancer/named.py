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
A, SRV = 1, 33


class NameServer(asyncio.DatagramProtocol):
    """Answers every A question with `addresses`, or with the error `status` (RFC 1035, 4.1).

    SRV questions (RFC 2782) with `services`: priority, weight, port and target.
    """

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.services: list[tuple[int, int, int, str]] = []
        self.status = 0
        self.asked = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end = data.index(b"\0", 12) + 5
        (kind,) = struct.unpack_from("!H", data, end - 4)
        self.asked += 1
        rows = [] if self.status else self._rows(kind)
        head = struct.pack("!2sHHHHH", data[:2], 0x8180 | self.status, 1, len(rows), 0, 0)
        answers = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(row)) + row for row in rows
        )
        assert self._transport is not None
        self._transport.sendto(head + data[12:end] + answers, addr)

    def _rows(self, kind: int) -> list[bytes]:
        if kind == A:
            return [bytes(map(int, address.split("."))) for address in self.addresses]
        if kind == SRV:
            return [struct.pack("!HHH", *row) + _labels(name) for *row, name in self.services]
        return []


def _labels(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


async def rows(balancer: Started) -> list[dict[str, Any]]:
    async with connect(balancer.admin) as client:
        answer = await client.get("/backends")
    found: list[dict[str, Any]] = json.loads(answer.body)["backends"]
    return found


async def states(balancer: Started) -> dict[str, str]:
    there = await rows(balancer)
    return {row["name"].removesuffix("-8001"): row["state"] for row in there}


async def until_up(balancer: Started, *addresses: str) -> None:
    async with asyncio.timeout(15):
        while await states(balancer) != dict.fromkeys(addresses, "up"):
            await asyncio.sleep(0.01)


async def ask(balancer: Started, cookie: str = "") -> Message:
    async with connect(balancer.address) as client:
        return await client.get("/", *([f"Cookie: {cookie}"] if cookie else []))


async def tell_services(workers: str) -> None:
    server = NameServer()
    ports = range(8001, 8005)
    options = ["--discover", "srv:_http._tcp.node.test", "--discover-interval", "0.05"]
    options += ["--health-interval", "0.05", "--affinity", "cookie", "--workers", workers]
    async with AsyncExitStack() as stack:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", 53))
        nodes = {}
        for port in ports:
            node = nodes[port] = Backend(str(port), host="127.0.1.1", port=port)
            await node.start()
            stack.push_async_callback(node.stop)
        server.addresses = ["127.0.1.1"]
        server.services = [(10, 20, port, "a.node.test") for port in ports[:2]]
        server.services.append((20, 20, ports[3], "a.node.test"))
        balancer = await stack.enter_async_context(started(*options))
        await until_are(balancer, {8001: ("up", 1), 8002: ("up", 1)})

        first = await ask(balancer)
        cookie = first.values("set-cookie")[0].partition(b";")[0].decode()
        home = int(first.value("x-node") or b"")
        other = 16003 - home
        server.services = [(10, 60, home, "a.test"), (10, 20, other, "a.test")]
        server.services.append((10, 0, 8003, "a.test"))
        await until_are(balancer, {home: ("up", 3), other: ("up", 1), 8003: ("up", 1)})

        for status, records in ((REFUSED, server.services), (NO_SUCH_NAME, []), (0, [])):
            kept, server.services = server.services, records
            server.status, asked = status, server.asked
            async with asyncio.timeout(15):
                while server.asked < asked + 8:
                    await asyncio.sleep(0.01)
            assert len(await states(balancer)) == 3, "no answer removes nobody"
            server.status, server.services = 0, kept

        server.services = [(10, 20, 8003, "a.test")]
        await until_are(balancer, {home: ("drain", 3), other: ("drain", 1), 8003: ("up", 1)})
        assert (await ask(balancer, cookie)).value("x-node") == str(home).encode(), "it drains"
        for gone in (home, other):
            await nodes[gone].stop()
        await until_are(balancer, {8003: ("up", 1)})
        assert (await ask(balancer, cookie)).value("x-node") == b"8003"


async def until_are(balancer: Started, wanted: dict[int, tuple[str, int]]) -> None:
    """Until these are the ports that are there, with their states and weights."""
    there: dict[int, tuple[str, int]] = {}
    async with asyncio.timeout(15):
        while there != wanted:
            there = {
                int(row["name"].rpartition("-")[2]): (row["state"], row["weight"])
                for row in await rows(balancer)
            }
            await asyncio.sleep(0.01)


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
        story = {"addresses": tell, "services": tell_services}[sys.argv[1]]
        asyncio.run(story(sys.argv[2]))


if __name__ == "__main__":
    main()
