"""Those who wait for room at a backend: who counts, who wakes them, what a reload does to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.sockets.closing import close_all
from tests.balancer.conftest import client_connections
from tests.balancer.rawhttp import Backend, Message, get, ok, until

if TYPE_CHECKING:
    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab


class Gate:
    """Answers everything but /slow, which waits until it is opened; then `cut` or answered."""

    def __init__(self, *, cut: bool = False) -> None:
        self.opened = asyncio.Event()
        self.cut = cut

    async def __call__(
        self,
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if request.line.startswith(b"GET /slow "):
            await self.opened.wait()
            if self.cut:
                raise ConnectionResetError
        writer.write(ok(backend.name.encode()))


def waiting(balancer: Running) -> int:
    return len(balancer.context.cluster.services["app"].waiting)


async def occupy(lab: Lab, balancer: Running) -> None:
    """Somebody takes the one place at the only backend."""
    await (await lab.client(balancer)).send(get("/slow"))
    await until(lambda: balancer.context.cluster.backends()[0].active == 1)


async def test_who_left_the_queue_takes_no_place_in_it(lab: Lab) -> None:
    gate = Gate()
    balancer = await lab.balancer(await lab.backend(answer=gate), max_active=1, max_queue=1)
    await occupy(lab, balancer)
    for _ in range(3):
        client = await lab.client(balancer)
        await client.send(get())
        await until(lambda: waiting(balancer) == 1)
        client.writer.close()
        await until(lambda: waiting(balancer) == 0)
    last = await lab.client(balancer)
    await last.send(get())
    await until(lambda: waiting(balancer) == 1)
    gate.opened.set()
    assert (await last.answer()).status == 200


async def test_a_new_backend_takes_those_who_wait(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend("old", Gate()), max_active=1)
    await occupy(lab, balancer)
    clients = [await lab.client(balancer) for _ in range(3)]
    for client in clients:
        await client.send(get())
    await until(lambda: waiting(balancer) == 3)
    new = await lab.backend("new", Gate())
    spec = configure(Options(backend=[new.spec])).backends[0]
    balancer.context.cluster.add(spec)
    assert [(await client.answer()).body for client in clients] == [b"new"] * 3


async def test_who_waits_for_a_removed_backend_of_his_own_goes_elsewhere(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend("old", Gate()), max_active=1, affinity="cookie")
    client = await lab.client(balancer)
    cookie = ((await client.get()).value("set-cookie") or b"").partition(b";")[0].decode()
    await occupy(lab, balancer)
    await client.send(get("/", f"Cookie: {cookie}"))
    cluster = balancer.context.cluster
    await until(lambda: len(cluster.backends()[0].waiting) == 1)
    new = await lab.backend("new", Gate())
    cluster.add(configure(Options(backend=[new.spec])).backends[0])
    close_all(cluster.remove("app", "old"))
    assert (await client.answer()).body == b"new"


async def test_a_raised_limit_takes_those_who_wait(lab: Lab) -> None:
    backend = await lab.backend(answer=Gate())
    balancer = await lab.balancer(backend, max_active=1)
    await occupy(lab, balancer)
    client = await lab.client(balancer)
    await client.send(get())
    await until(lambda: waiting(balancer) == 1)
    balancer.reload(
        lambda: configure(Options(backend=[backend.spec], max_active=2, health_interval=0.0))
    )
    assert (await client.answer()).body == b"n1"


async def test_who_waits_across_a_reload_goes_where_the_new_policy_says(lab: Lab) -> None:
    gate = Gate()
    old, new = await lab.backend("old", gate), await lab.backend("new", Gate())
    balancer = await lab.balancer(old, max_active=1)
    await occupy(lab, balancer)
    client = await lab.client(balancer)
    await client.send(get())
    await until(lambda: waiting(balancer) == 1)
    options = Options(
        backend=[new.spec], max_active=1, algorithm="least-connections", health_interval=0.0
    )
    balancer.reload(lambda: configure(options))
    gate.opened.set()
    assert (await client.answer()).body == b"new"


async def test_a_retry_after_a_reload_goes_where_the_new_policy_says(lab: Lab) -> None:
    gate = Gate(cut=True)
    old, new = await lab.backend("old", gate), await lab.backend("new")
    balancer = await lab.balancer(old, affinity="header:X-User")
    client = await lab.client(balancer)
    await client.send(get("/slow", "X-User: u"))
    await until(lambda: len(old.requests) == 1)
    options = Options(backend=[new.spec], algorithm="least-connections", health_interval=0.0)
    balancer.reload(lambda: configure(options))
    gate.opened.set()
    assert (await client.answer()).value("x-node") == b"new"


async def test_a_reload_reaches_open_connections_that_repeat_a_head(lab: Lab) -> None:
    backends = await lab.backends(2)
    specs = [backend.spec for backend in backends]
    balancer = await lab.balancer(*backends)
    client = await lab.client(balancer)
    await client.get("/", "X-User: u")
    options = Options(backend=specs, affinity="header:X-User", health_interval=0.0)
    balancer.reload(lambda: configure(options))
    nodes = {(await client.get("/", "X-User: u")).value("x-node") for _ in range(6)}
    assert len(nodes) == 1


async def test_trust_that_a_reload_takes_away_is_gone_for_open_connections_too(lab: Lab) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(backend, trust_proxy=["127.0.0.0/8"])
    client = await lab.client(balancer)
    unused = await lab.client(balancer)
    await client.get("/", "X-Forwarded-For: 192.0.2.1")
    await until(lambda: len(client_connections(balancer)) == 2)
    balancer.reload(lambda: configure(Options(backend=[backend.spec], health_interval=0.0)))
    await client.get("/", "X-Forwarded-For: 192.0.2.1")
    await unused.get("/", "X-Forwarded-For: 192.0.2.1")
    seen = [request.value("x-forwarded-for") for request in backend.requests]
    assert seen == [b"192.0.2.1, 127.0.0.1", b"127.0.0.1", b"127.0.0.1"]


async def test_a_body_too_large_to_be_sent_twice_takes_no_old_connection(lab: Lab) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(backend)
    client = await lab.client(balancer)
    await client.get()
    (pooled,) = balancer.context.cluster.backends()[0].pool.idle
    pooled.idle_since -= 10
    for size, connections in ((100, 1), (100_000, 2)):
        body = b"x" * size
        head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
        pooled.idle_since -= 10
        assert (await client.ask(head + body)).status == 200
        assert backend.connections == connections
