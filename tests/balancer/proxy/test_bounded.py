"""What a client or a backend can make the balancer do is bounded: time, depth, connections."""

from __future__ import annotations

import asyncio
import socket
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import request_head
from sessionlab.balancer.http.chunked import ChunkedReader
from tests.balancer.conftest import client_connections
from tests.balancer.rawhttp import get, ok, until

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab

_SECONDS = 0.5  # of the processor; quadratic matching took several times that, linear a thousandth


@pytest.mark.parametrize("filling", [b"A", b"/", b" ", b"A ", b"~", b"\r"])
@pytest.mark.parametrize("start", [b"GET ", b"GET / ", b""])
def test_no_partial_head_takes_long_to_look_at(start: bytes, filling: bytes) -> None:
    before = process_time()
    request_head.hopeless(start + filling * (16370 // len(filling)) + b"\x01")
    assert process_time() - before < _SECONDS


@pytest.mark.parametrize(
    ("partial", "hopeless"),
    [
        *((b"GET / HTTP/1.1\r"[:length], False) for length in range(1, 16)),
        (b"GET /\r", False),
        (b"GET  ", False),
        (b"GET / HTTP/1.1 x", True),
        (b"GET / http", True),
        (b"\x16\x03\x01", True),
        (b"GET /\x01", True),
    ],
)
def test_what_can_become_a_head_is_waited_for(partial: bytes, hopeless: bool) -> None:
    assert request_head.hopeless(partial) is hopeless


def test_no_trailer_takes_long_to_look_at() -> None:
    before = process_time()
    for _ in range(50):
        with pytest.raises(RefusedError):
            ChunkedReader().feed(b"0\r\nA:" + b" " * 1015 + b"\x01\r\n\r\n")
    assert process_time() - before < _SECONDS


@pytest.mark.parametrize(
    ("options", "status"),
    [({}, b"503"), ({"route": ["/x=app"]}, b"404"), ({"max_active": 1, "max_queue": 0}, b"503")],
)
async def test_any_number_of_requests_at_once_is_answered_by_ourselves(
    lab: Lab, options: dict[str, Any], status: bytes
) -> None:
    async def never(*things: object) -> None:
        await asyncio.sleep(60)

    backends = [await lab.backend(answer=never)] if options else []
    balancer = await lab.balancer(*backends, **options)
    if "max_active" in options:
        await (await lab.client(balancer)).send(get())
        await until(lambda: balancer.context.cluster.backends()[0].active == 1)
    client = await lab.client(balancer)
    await client.send(get() * 1999 + get("/", "Connection: close"))
    answers = (await client.rest()).count(b"HTTP/1.1 " + status)
    assert answers == 2000


async def test_a_flood_of_interim_answers_is_502_and_a_few_are_passed_on(lab: Lab) -> None:
    number = 3000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 103 Early\r\n\r\n" * number + ok())

    balancer = await lab.balancer(await lab.raw(serve))
    client = await lab.client(balancer)
    await client.send(get("/", "Connection: close"))
    everything = await client.rest()
    assert everything.count(b"HTTP/1.1 103 ") < 100
    assert everything.count(b"HTTP/1.1 502 ") == 1
    number = 20
    patient = await lab.client(balancer)
    for _ in range(5):  # they are counted by answer
        await patient.send(get())
        statuses = [(await patient.answer()).status for _ in range(21)]
        assert statuses == [103] * 20 + [200]


async def test_who_does_not_read_the_end_of_an_answer_is_cut_off(lab: Lab) -> None:
    balancer = await lab.balancer(
        await lab.backend(answer=ok(b"x" * 60_000)), idle_timeout=0.5, response_timeout=0.5
    )
    host, _, port = balancer.listen.rpartition(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await loop.sock_connect(sock, (host, int(port)))
        await until(lambda: len(client_connections(balancer)) == 1)
        (frontend,) = client_connections(balancer)
        accepted = frontend.transport.get_extra_info("socket")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await loop.sock_sendall(sock, get())
        await until(lambda: frontend.transport.get_write_buffer_size() > 0)
        await until(lambda: not client_connections(balancer))


async def test_empty_lines_do_not_keep_a_connection_open(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(), header_timeout=1.0, idle_timeout=1.0)
    client = await lab.client(balancer)
    await client.get()
    async with asyncio.timeout(10):
        while client_connections(balancer):
            client.writer.write(b"\r\n")
            await asyncio.sleep(0.02)


async def test_a_trickled_body_does_not_prolong_the_wait_for_a_backend(lab: Lab) -> None:
    async def never(*things: object) -> None:
        await asyncio.sleep(60)

    balancer = await lab.balancer(
        await lab.backend(answer=never), max_active=1, queue_timeout=0.3, response_timeout=30.0
    )
    await (await lab.client(balancer)).send(get())
    await until(lambda: balancer.context.cluster.backends()[0].active == 1)
    client = await lab.client(balancer)
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n")
    answer = asyncio.ensure_future(client.answer())
    while not answer.done():
        client.writer.write(b"x")
        await asyncio.sleep(0.02)
    assert (await answer).status == 503


async def test_a_backend_silent_to_an_expectation_is_at_fault(lab: Lab) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    balancer = await lab.balancer(await lab.raw(silent), response_timeout=0.05)
    client = await lab.client(balancer)
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    assert (await client.ask(head)).status == 504
    assert balancer.context.cluster.backends()[0].failures == 1


async def test_408_for_a_body_that_does_not_follow_a_100(lab: Lab) -> None:
    async def willing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.read()

    client = await lab.client(await lab.balancer(await lab.raw(willing), response_timeout=0.3))
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    assert (await client.ask(head)).status == 100
    assert (await client.answer()).status == 408


@pytest.mark.parametrize(
    ("minor", "answer"),
    [
        (0, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        (0, b"HTTP/1.1 200 OK\r\n\r\nhello"),
        (1, b"HTTP/1.1 200 OK\r\n\r\nhello"),
    ],
)
async def test_a_cut_answer_that_the_close_delimits_ends_with_a_reset(
    lab: Lab, minor: int, answer: bytes
) -> None:
    go = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await go.wait()
        if b"chunked" not in answer:
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )

    client = await lab.client(await lab.balancer(await lab.raw(serve)))
    await client.send(b"GET / HTTP/1.%d\r\nHost: a\r\n\r\n" % minor)
    assert (await client.reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    go.set()
    with pytest.raises(ConnectionResetError):
        await client.rest()
