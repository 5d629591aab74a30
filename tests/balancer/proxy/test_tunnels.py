"""A tunnel is a use of its client's pin, and a drain knows of it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.balancer.admin.test_api import call
from tests.balancer.affinity.test_pinning import pair
from tests.balancer.affinity.test_verdicts import Clock, ask, clock, said
from tests.balancer.rawhttp import Backend, Client, Message, connect, get, ok, until
from tests.field import field

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab

__all__ = ["clock"]


async def app(
    backend: Backend, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Logs in, and echoes in a tunnel."""
    if request.value("upgrade") is None:
        session = b"Set-Cookie: sid=of-" + backend.name.encode()
        lines = [session] if b"/login" in request.line else []
        writer.write(ok(b"", b"X-Node: " + backend.name.encode(), *lines))
        return
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n")
    writer.write(b"X-Node: " + backend.name.encode() + b"\r\n\r\n")
    while data := await reader.read(1000):
        writer.write(data)


@asynccontextmanager
async def tunnel(balancer: Running, *lines: str) -> AsyncIterator[tuple[Client, str]]:
    """An open one, and to whom."""
    async with connect(balancer.listen) as client:
        upgrade = ("Connection: Upgrade", "Upgrade: echo", *lines)
        await client.send(get("/", *upgrade))
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        yield client, (Message(head, b"").value("x-node") or b"").decode()


async def started(lab: Lab, affinity: str, **options: Any) -> tuple[Running, str, str]:
    """A balancer, the cookie of somebody who has logged in, and where."""
    backends = [await lab.backend(f"n{i}", app) for i in range(2)]
    balancer = await lab.balancer(*backends, affinity=affinity, explain=True, **options)
    answer = await ask(balancer, path="/" if affinity == "cookie" else "/login")
    return balancer, pair(answer), (answer.value("x-node") or b"").decode()


async def row(balancer: Running, name: str, **change: Any) -> Any:
    asked = ("PATCH", f"/backends/app/{name}", change) if change else ("GET", "/backends")
    shown = json.loads((await call(balancer, *asked)).body)
    return shown if change else next(r for r in shown["backends"] if r["name"] == name)


@pytest.mark.parametrize(
    ("affinity", "idle"), [("learn:sid", "table_idle"), ("cookie", "cookie_max_idle")]
)
@field("pins", sources="RFC 9110 section 7.8")
async def test_a_pin_does_not_expire_under_an_open_tunnel(
    lab: Lab, clock: Clock, affinity: str, idle: str
) -> None:
    balancer, cookie, home = await started(lab, affinity, **{idle: 600.0})
    async with tunnel(balancer, f"Cookie: {cookie}") as (_, where):
        assert where == home
        for _ in range(3):
            clock.forward(balancer, 500)
            balancer.context.tunnels.tick(balancer.context.wall)
        answer = await ask(balancer, cookie)
    assert (answer.value("x-node"), said(answer)[0]) == (home.encode(), "V")


@pytest.mark.parametrize("affinity", ["source", "none", "learn:sid"])
@field("pins", sources="RFC 9110 section 7.8")
async def test_a_drain_says_what_tunnels_there_are_and_waits_for_them(
    lab: Lab, affinity: str
) -> None:
    backends = [await lab.backend(f"n{i}", app) for i in range(2)]
    balancer = await lab.balancer(*backends, affinity=affinity)
    async with tunnel(balancer) as (_, home):
        drained = await row(balancer, home, state="drain")
        assert (drained["tunnels"], drained["drain"]["tunnels"]) == (1, 1)
        assert drained["drain"]["ends_in"] is None
        assert "1 tunnel under way, without a limit" in drained["drain"]["says"]
        limited = (await row(balancer, home, state="drain", limit=60))["drain"]
        assert 0 < limited["ends_in"] <= 60
        assert "1 tunnel under way, at most 60 s" in limited["says"]
    backend = balancer.context.cluster.find("app", home)
    await until(lambda: backend.tunnels == 0)
    left = (await row(balancer, home, state="drain"))["drain"]
    assert (left["tunnels"], left["ends_in"]) == (0, 0.0 if affinity != "source" else None)


@field("pins", sources="RFC 9110 section 7.8")
async def test_tunnels_are_closed_when_the_limit_of_a_drain_has_passed(lab: Lab) -> None:
    backends = [await lab.backend(f"n{i}", app) for i in range(2)]
    balancer = await lab.balancer(*backends)
    async with tunnel(balancer) as (client, home), tunnel(balancer) as (other, elsewhere):
        assert home != elsewhere
        await client.send(b"last words")
        assert await client.reader.readexactly(10) == b"last words"
        await row(balancer, home, state="drain", limit=0.01)
        assert await client.rest() == b""
        await other.send(b"still here")
        assert await other.reader.readexactly(10) == b"still here"
        shown = await row(balancer, home)
        assert (shown["tunnels"], shown["active"], shown["drain"]["ends_in"]) == (0, 0, 0.0)


async def test_the_last_backend_keeps_its_tunnels_past_its_limit(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(answer=app))
    async with tunnel(balancer) as (client, home):
        await row(balancer, home, state="drain", limit=0.01)
        await until(lambda: balancer.context.cluster.find("app", home).overdue)
        balancer.context.tunnels.tick(balancer.context.wall)
        await client.send(b"still here")
        assert await client.reader.readexactly(10) == b"still here"
        assert (await row(balancer, home))["drain"]["ends_in"] is None


async def test_a_request_under_way_is_no_end_of_a_drain(lab: Lab) -> None:
    async def slow(
        backend: Backend, request: Message, reader: asyncio.StreamReader, _: asyncio.StreamWriter
    ) -> None:
        await reader.read()

    backends = [await lab.backend(f"n{i}", slow) for i in range(2)]
    balancer = await lab.balancer(*backends)
    async with connect(balancer.listen) as client:
        await client.send(get("/"))
        known = balancer.context.cluster.backends()
        await until(lambda: any(b.active for b in known))
        home = next(b.name for b in known if b.active)
        drained = (await row(balancer, home, state="drain"))["drain"]
        assert drained["ends_in"] is None
        assert "no client left, 1 request under way" in drained["says"]
