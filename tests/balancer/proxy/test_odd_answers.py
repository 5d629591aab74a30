"""Answers that real apps give and that are not quite HTTP: repaired, or refused, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.backends.state import Seen
from sessionlab.balancer.config.model import Address, HealthPolicy
from sessionlab.balancer.health.probe import probe
from tests.balancer.hostile import read_answers
from tests.balancer.rawhttp import Backend, Message, get, ok
from tests.field import field

if TYPE_CHECKING:
    import asyncio

    from tests.balancer.conftest import Lab

CHUNKED = b"Transfer-Encoding: chunked\r\n"
START = b"HTTP/1.1 200 OK\r\n"


async def raw_answer(lab: Lab, answer: bytes) -> bytes:
    client = await lab.client(await lab.balancer(await lab.backend(answer=answer)))
    await client.send(get("/", "Connection: close"))
    return await client.rest()


@pytest.mark.parametrize("tail", [b"", b"0\r\n\r\n"])
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@field("http", sources="RFC 9112 6.1, curl/curl#3968", peers="HAProxy and nginx strip it")
async def test_an_answer_that_has_no_body_says_of_no_coding(
    lab: Lab, status: bytes, tail: bytes
) -> None:
    backend = await lab.backend(answer=b"HTTP/1.1 " + status + b"\r\n" + CHUNKED + b"\r\n" + tail)
    client = await lab.client(await lab.balancer(backend))
    for _ in range(3):
        answer = await client.get()
        assert answer.status == int(status[:3])
        assert answer.value("transfer-encoding") is None
    assert backend.connections == 3, "a last chunk that came late would be the next answer"


async def test_an_interim_answer_says_of_no_coding(lab: Lab) -> None:
    got = await raw_answer(lab, b"HTTP/1.1 103 Early\r\n" + CHUNKED + b"\r\n" + ok(b"x"))
    assert read_answers(got) == [103, 200]
    assert b"chunked" not in got


REPAIRED = {
    "a padded chunk size": (START + CHUNKED + b"\r\n5  \t\r\nhello\r\n0  \r\n\r\n", b""),
    "two equal lengths": (START + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", b""),
    "a list of equal lengths": (START + b"Content-Length: 5, 5\r\n\r\nhello", b""),
    "bare LF": (b"HTTP/1.1 200 OK\nX: y\nContent-Length: 5\n\nhello", b"X: y\r\n"),
    "some bare LF": (START + b"X: y\nContent-Length: 5\r\n\r\nhello", b"X: y\r\n"),
    "bare LF, and an empty line in the body": (
        b"HTTP/1.1 200 OK\nContent-Length: 9\n\nhello\r\n\r\n",
        b"Content-Length: 9\r\n",
    ),
    "a control character": (
        START + b"X: a\x01b\x7f\r\nContent-Length: 5\r\n\r\nhello",
        b"X: a b\r\n",
    ),
    "a space before a colon": (START + b"X : y\r\nContent-Length : 5\r\n\r\nhello", b"X: y\r\n"),
    "a folded line": (START + b"X: y\r\n\t z\r\nContent-Length: 5\r\n\r\nhello", b"X: y z\r\n"),
}


@pytest.mark.parametrize("name", REPAIRED)
@field(
    "http",
    sources="RFC 9112 2.2, RFC 9112 5.1, RFC 9112 6.3, RFC 9110 5.5, python-hyper/h11#143, "
    "nodejs/undici#5286",
    peers="HAProxy and nginx accept most",
)
async def test_an_answer_that_has_one_meaning_is_repaired(lab: Lab, name: str) -> None:
    answer, part = REPAIRED[name]
    got = await raw_answer(lab, answer)
    assert read_answers(got) == [200], "and the reader that accepts one spelling can read it"
    assert b"hello" in got
    assert part in got


@pytest.mark.parametrize("name", REPAIRED)
async def test_a_repaired_answer_is_the_same_when_it_trickles_in(lab: Lab, name: str) -> None:
    async def trickle(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        for byte in REPAIRED[name][0]:
            writer.write(bytes([byte]))
            await writer.drain()

    backend = await lab.backend(answer=trickle)
    client = await lab.client(await lab.balancer(backend))
    for _ in range(2):
        assert (await client.get()).body.startswith(b"hello")


REFUSED = {
    "two lengths": START + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "one length in two spellings": START + b"Content-Length: 5, 05\r\n\r\nhello",
    "no length in a list": START + b"Content-Length: 5,\r\n\r\nhello",
    "both framings": START + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "NUL in a value": START + b"X: a\x00b\r\nContent-Length: 5\r\n\r\nhello",
    "a bare CR in a value": START + b"X: a\rb\r\nContent-Length: 5\r\n\r\nhello",
    "a control character in a coding": START + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a control character in a length": START + b"Content-Length: \x0b5\r\n\r\nhello",
    "a name that looks like a coding": START + b"Transfer_Encoding: \x0bx\r\n\r\nhello",
    "a first line that is folded": START + b" X: y\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_answer_that_could_fool_its_reader_is_refused(lab: Lab, name: str) -> None:
    assert read_answers(await raw_answer(lab, REFUSED[name])) == [502]


@pytest.mark.parametrize("body", [b"\r\n5;\x00\r\nhello", b"oops"])
@field("http", sources="RFC 9112 6.3, python-hyper/h11#143")
async def test_one_url_that_answers_oddly_ejects_no_backend(lab: Lab, body: bytes) -> None:
    odd = START + CHUNKED + body if body[:1] == b"\r" else body + b"\r\n\r\n"

    async def answer(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(odd if b"/odd" in request.line else ok(b"fine"))

    backends = [await lab.backend(f"n{number}", answer) for number in range(3)]
    balancer = await lab.balancer(*backends, eject_after=1)
    for _ in range(6):
        client = await lab.client(balancer)
        await client.send(get("/odd"))
        await client.rest() if body[:1] == b"\r" else await client.answer()
    assert [b.state for b in balancer.context.cluster.backends()] == ["up"] * 3
    assert sum(b.failures for b in balancer.context.cluster.backends()) == 6, "but it is counted"


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        *((answer, Seen.GOOD) for answer, _ in REPAIRED.values()),
        (b"HTTP/1.1 103 Early\r\n\r\n" + ok(), Seen.GOOD),
        *((answer, Seen.BAD) for answer in REFUSED.values()),
        (START, Seen.BAD),
    ],
)
@field("http", sources="RFC 9112 6.3")
async def test_a_check_judges_an_answer_as_traffic_does(
    lab: Lab, answer: bytes, seen: Seen
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    port = int((await lab.raw(serve)).rpartition(":")[2])
    assert (await probe(Address("127.0.0.1", port), HealthPolicy())).seen is seen
