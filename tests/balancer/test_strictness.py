"""Bad requests end here: a 4xx or 5xx, a closed connection, and not a byte for a backend."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.balancer.bad_requests import BAD_CHUNKS, BAD_REQUESTS, HOST, POST, Bad
from tests.balancer.peers import Peer, haproxy, nginx
from tests.balancer.rawhttp import connect, get

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab

AFTER = get("/smuggled")


def refused_by(peer: str) -> list[Bad]:
    return [bad for bad in BAD_REQUESTS if peer not in bad.elsewhere]


@pytest.mark.parametrize("bad", BAD_REQUESTS, ids=str)
async def test_a_bad_request_is_refused_and_its_connection_closed(lab: Lab, bad: Bad) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    answer = await client.ask(bad.raw + AFTER)
    assert answer.status in bad.ours, bad.section
    assert answer.value("connection") == b"close"
    assert json.loads(answer.body)["status"] == answer.status
    assert await client.rest() == b"", "nothing behind it is answered"
    assert backend.received == b""


@pytest.mark.parametrize("bad", BAD_CHUNKS, ids=str)
async def test_a_bad_chunk_is_not_passed_on(lab: Lab, bad: Bad) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    answer = await client.ask(bad.raw + AFTER)
    assert answer.status in bad.ours, bad.section
    assert await client.rest() == b""
    assert backend.requests == [], "the body never became whole"


@pytest.mark.parametrize("bad", BAD_REQUESTS, ids=str)
async def test_a_bad_request_is_as_bad_when_it_trickles_in(lab: Lab, bad: Bad) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    for byte in bad.raw:
        client.writer.write(bytes([byte]))
    assert (await client.answer()).status in bad.ours
    assert backend.received == b""


@pytest.mark.parametrize(
    "good",
    [
        b"\r\n" + get("/"),
        get('/?a={b}|c^d`e"f\\g'),
        get(
            "/", "X-Empty:", "X-Spaces:   b\t ", "X-Eight: \xe9".encode("latin-1").decode("latin-1")
        ),
        b"GET / HTTP/1.1\r\nhost: [::1]:8080\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: xn--a.test:\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        POST + b"Content-Length: 003\r\n\r\nabc",
        POST + b"Transfer-Encoding: CHUNKED\r\n\r\n0003 ;a=b;c\r\nabc\r\n000\r\n\r\n",
        b"PROPFIND / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET HTTP://a HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
)
async def test_an_odd_but_good_request_passes(lab: Lab, good: bytes) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    assert (await client.ask(good)).status == 200
    assert len(backend.requests) == 1


@pytest.mark.skipif(not shutil.which("haproxy"), reason="HAProxy is not installed")
@pytest.mark.parametrize("bad", refused_by("haproxy"), ids=str)
async def test_haproxy_refuses_it_too(bad: Bad, haproxy_peer: Peer) -> None:
    await _compare(bad, haproxy_peer)


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
@pytest.mark.parametrize("bad", refused_by("nginx"), ids=str)
async def test_nginx_refuses_it_too(bad: Bad, nginx_peer: Peer) -> None:
    await _compare(bad, nginx_peer)


async def _compare(bad: Bad, peer: Peer) -> None:
    """A peer refuses what we refuse, unless it is listed as one that doesn't."""
    async with connect(peer.address) as client:
        await client.send(bad.raw)
        first = await client.reader.read(12)  # without EOF, which nginx takes as an abort
    passed = first.startswith(b"HTTP/") and first.split()[1][:1] not in {b"4", b"5"}
    assert not passed, first


haproxy_peer = haproxy
nginx_peer = nginx
