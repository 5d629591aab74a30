"""What a client sees when backends fail."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.config.model import Address, BackendSpec
from sessionlab.balancer.sockets.closing import close_all
from tests.balancer.rawhttp import Backend, Message, get, ok, until

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def hang_up(
    backend: Backend, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.close()


async def test_a_backend_that_refuses_connections_is_passed_over(lab: Lab) -> None:
    alive = await lab.backend("alive")
    balancer = await lab.balancer(f"dead=127.0.0.1:{closed_port()}", alive)
    client = await lab.client(balancer)
    for _ in range(4):
        assert (await client.get()).value("x-node") == b"alive"


async def test_even_a_post_goes_elsewhere_when_nothing_was_sent(lab: Lab) -> None:
    alive = await lab.backend("alive")
    client = await lab.client(await lab.balancer(f"dead=127.0.0.1:{closed_port()}", alive))
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    assert (await client.ask(post + b"hello")).status == 200
    assert alive.requests[0].body == b"hello"


async def test_502_when_no_backend_can_be_reached(lab: Lab) -> None:
    dead = [f"n{i}=127.0.0.1:{closed_port()}" for i in range(3)]
    balancer = await lab.balancer(*dead)
    client = await lab.client(balancer)
    answer = await client.get()
    assert answer.status == 502
    assert answer.value("content-type") == b"application/problem+json"
    assert answer.value("x-node") is None
    assert answer.value("server") is None
    assert [b.requests for b in balancer.context.cluster.backends()] == [1, 1, 1], (
        "each is tried once"
    )


async def test_503_with_retry_after_when_there_are_no_backends(lab: Lab) -> None:
    client = await lab.client(await lab.balancer())
    for _ in range(2):
        answer = await client.get()
        assert answer.status == 503
        assert answer.value("retry-after") == b"1"
    head = await client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", bodiless=True)
    assert head.status == 503
    assert (await client.get()).status == 503


async def test_a_stale_pooled_connection_never_shows(lab: Lab) -> None:
    """The backend closes a kept connection just as the next request arrives on it."""
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok())
        await reader.readuntil(b"\r\n\r\n")
        seen += 1

    balancer = await lab.balancer(await lab.raw(serve))
    client = await lab.client(balancer)
    for _ in range(4):
        assert (await client.get()).status == 200
    assert seen == 3
    assert balancer.context.cluster.backends()[0].failures == 0


async def test_a_get_without_an_answer_goes_to_another_backend(lab: Lab) -> None:
    bad, good = await lab.backend("bad", hang_up), await lab.backend("good")
    client = await lab.client(await lab.balancer(bad, good))
    assert (await client.get()).value("x-node") == b"good"
    assert len(bad.requests) == 1


async def test_a_post_that_was_sent_is_not_sent_again(lab: Lab) -> None:
    bad, good = await lab.backend("bad", hang_up), await lab.backend("good")
    client = await lab.client(await lab.balancer(bad, good))
    answer = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
    assert answer.status == 502
    assert good.requests == []
    assert (await client.get()).status == 200, "the client's connection is still good"


async def test_a_get_is_tried_once_on_each_bad_backend(lab: Lab) -> None:
    bad = [await lab.backend(f"bad{i}", hang_up) for i in range(3)]
    client = await lab.client(await lab.balancer(*bad))
    assert (await client.get()).status == 502
    assert [len(b.requests) for b in bad] == [1, 1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
async def test_a_truncated_answer_is_truncated_for_the_client_too(lab: Lab, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    client = await lab.client(await lab.balancer(await lab.raw(serve)))
    await client.send(get())
    everything = await client.rest()
    assert everything.startswith(b"HTTP/1.1 200")
    assert not everything.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 99 Odd\r\n\r\n",
        b"x" * 70_000,
    ],
)
async def test_502_for_an_answer_that_is_not_http(lab: Lab, answer: bytes) -> None:
    client = await lab.client(await lab.balancer(await lab.backend(answer=answer)))
    assert (await client.get()).status == 502


async def test_bytes_beyond_an_answer_reach_nobody(lab: Lab) -> None:
    poison = ok(b"fine") + ok(b"for somebody else")
    client = await lab.client(await lab.balancer(await lab.backend(answer=poison)))
    for _ in range(5):
        assert (await client.get()).body == b"fine"


async def test_504_when_a_backend_is_silent(lab: Lab) -> None:
    async def silence(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await reader.read()

    balancer = await lab.balancer(await lab.backend(answer=silence), response_timeout=0.05)
    client = await lab.client(balancer)
    for _ in range(2):
        answer = await client.get()
        assert answer.status == 504
        assert json.loads(answer.body)["detail"] == "the backend did not answer in time"
    assert balancer.context.cluster.backends()[0].failures == 2
    assert balancer.context.cluster.backends()[0].active == 0


async def test_408_when_a_head_or_a_body_does_not_arrive(lab: Lab) -> None:
    balancer = await lab.balancer(
        await lab.backend(), header_timeout=0.05, response_timeout=0.05, idle_timeout=5.0
    )
    slow_head = await lab.client(balancer)
    assert (await slow_head.ask(b"GET / HTTP/1.1\r\nHost: ")).status == 408
    assert await slow_head.rest() == b""
    slow_body = await lab.client(balancer)
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"
    assert (await slow_body.ask(post)).status == 408


async def test_an_idle_connection_is_closed_without_a_word(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(), idle_timeout=0.05)
    client = await lab.client(balancer)
    await client.get()
    assert await client.rest() == b""


async def test_a_client_that_leaves_frees_its_backend(lab: Lab) -> None:
    gone = asyncio.Event()

    async def wait(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await reader.read()
        gone.set()

    balancer = await lab.balancer(await lab.backend(answer=wait))
    client = await lab.client(balancer)
    await client.send(get())
    await until(lambda: balancer.context.cluster.backends()[0].active == 1)
    client.writer.close()
    async with asyncio.timeout(10):
        await gone.wait()
    assert balancer.context.cluster.backends()[0].active == 0


async def test_413_for_a_body_over_the_limit(lab: Lab) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(backend, max_body=10)
    post = b"POST / HTTP/1.1\r\nHost: a\r\n"
    told = await lab.client(balancer)
    assert (await told.ask(post + b"Content-Length: 11\r\n\r\n")).status == 413
    found = await lab.client(balancer)
    chunks = b"Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nghijkl\r\n0\r\n\r\n"
    assert (await found.ask(post + chunks)).status == 413
    assert backend.requests == []


async def test_431_for_a_head_over_the_limits(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(), max_header_bytes=1000, max_headers=10)
    for head in (
        get("/", "A: " + "x" * 1000),
        get("/" + "x" * 2000)[:1500],
        get("/", *(f"A{i}: b" for i in range(10))),
    ):
        client = await lab.client(balancer)
        assert (await client.ask(head)).status == 431
        assert await client.rest() == b""


async def test_504_when_a_backend_stops_reading_a_body(lab: Lab) -> None:
    async def stuck(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a Transport, typed as less
        await asyncio.sleep(60)

    balancer = await lab.balancer(await lab.raw(stuck), response_timeout=0.2)
    client = await lab.client(balancer)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
    client.writer.write(head + b"x" * 20_000_000)
    assert (await client.answer()).status == 504


async def test_retries_go_on_after_backends_were_removed(lab: Lab) -> None:
    """The budget must not shrink with the counters of a backend that left."""
    good = await lab.backend("good")
    balancer = await lab.balancer(good, eject_after=0, header_timeout=0.1)
    client = await lab.client(balancer)
    for _ in range(1000):
        await client.get()
    bad = await lab.backend("bad", hang_up)
    cluster = balancer.context.cluster
    close_all(cluster.remove("app", "good"))
    cluster.add(BackendSpec("app", "again", Address("127.0.0.1", good.port)))
    cluster.add(BackendSpec("app", "bad", Address("127.0.0.1", bad.port)))
    ticked = balancer.context.clock
    await until(lambda: balancer.context.clock > ticked)
    for _ in range(10):
        assert (await client.get()).status == 200
    assert bad.requests != []


async def test_502_when_the_first_answer_of_a_connection_begins_with_nul(lab: Lab) -> None:
    async def zero(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(b"\0\r\n\r\n")

    client = await lab.client(await lab.balancer(await lab.backend(answer=zero)))
    assert (await client.get()).status == 502
