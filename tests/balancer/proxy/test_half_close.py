"""A tunnel whose one side has ended, as a pipe does: what the other still says arrives."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.balancer.rawhttp import Backend, Message, connect, get, until
from tests.balancer.sockets.test_edge import certificate
from tests.field import field

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab

MANY = 300_000
UPGRADE = get("/", "Connection: Upgrade", "Upgrade: x")


@dataclass
class Pipe:
    """Accepts an Upgrade and says `first`; with `ends` nothing more. Then it counts all it gets."""

    first: bytes = b""
    ends: bool = False
    counted: asyncio.Queue[int] = dataclasses.field(default_factory=asyncio.Queue)

    async def __call__(
        self,
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
        )
        writer.write(self.first)
        if self.ends:
            writer.write_eof()
        whole = await reader.read()
        self.counted.put_nowait(len(whole))
        if not self.ends:
            await asyncio.sleep(0.01)
            writer.write(b"%d bytes" % len(whole))

    async def count(self) -> int:
        async with asyncio.timeout(10):
            return await self.counted.get()


async def nobody_left(balancer: Running) -> None:
    await until(lambda: not balancer.context.connections)
    assert balancer.context.cluster.backends()[0].active == 0
    assert balancer.context.cluster.backends()[0].tunnels == 0


@field(
    "http",
    sources="rancher-sandbox/rancher-desktop#7896, apocas/docker-modem#48",
    peers="HAProxy delivers the tail",
)
async def test_a_client_that_ends_its_side_of_a_tunnel_gets_the_tail(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(answer=Pipe()))
    client = await lab.client(balancer)
    await client.ask(UPGRADE, bodiless=True)
    await client.send(b"hello")
    client.writer.write_eof()
    assert await client.rest() == b"5 bytes"
    await nobody_left(balancer)


@field(
    "http",
    sources="rancher-sandbox/rancher-desktop#7896, apocas/docker-modem#48",
    peers="HAProxy closes both, and loses what the client says then",
)
async def test_a_backend_that_ends_its_side_of_a_tunnel_gets_the_tail(lab: Lab) -> None:
    pipe = Pipe(b"x" * MANY, ends=True)
    balancer = await lab.balancer(await lab.backend(answer=pipe))
    client = await lab.client(balancer)
    await client.ask(UPGRADE, bodiless=True)
    assert len(await client.rest()) == MANY, "and then the end, which is passed on"
    assert balancer.context.connections, "the other half is open"
    await client.send(b"y" * MANY)
    client.writer.write_eof()
    assert await pipe.count() == MANY
    await nobody_left(balancer)


async def test_a_tunnel_whose_backend_is_gone_ends_with_what_the_client_says_next(lab: Lab) -> None:
    backend = await lab.backend(answer=Pipe(ends=True))
    balancer = await lab.balancer(backend)
    client = await lab.client(balancer)
    await client.ask(UPGRADE, bodiless=True)
    assert await client.rest() == b""
    await backend.stop()
    async with asyncio.timeout(10):
        while balancer.context.connections:
            client.writer.write(b"anybody there?")
            await asyncio.sleep(0.002)
    await nobody_left(balancer)


@field("http", sources="RFC 8446 6.1", peers="HAProxy delivers the tail to who ended its side")
async def test_over_tls_an_end_is_of_both_sides_and_what_was_said_before_arrives(
    lab: Lab, tmp_path: Path
) -> None:
    cert = tmp_path / "edge.pem"
    certificate(cert, "edge")
    for ends in (True, False):
        pipe = Pipe(b"x" * MANY, ends=ends)
        balancer = await lab.balancer(await lab.backend(answer=pipe), tls_cert=str(cert))
        async with connect(balancer.listen, secured=True) as client:
            await client.ask(UPGRADE, bodiless=True)
            assert len(await client.reader.readexactly(MANY)) == MANY
            if ends:
                assert await client.rest() == b""
            else:
                await client.send(b"y" * MANY)
                client.writer.close()
            assert await pipe.count() == (0 if ends else MANY)
        await nobody_left(balancer)
