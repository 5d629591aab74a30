"""Bad requests end here: a 4xx or 5xx, a closed connection, and not a byte for a backend."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.balancer.bad_requests import BAD_CHUNKS, BAD_REQUESTS, HOST, POST, TIMING, WHY, Bad
from tests.balancer.peers import Peer, haproxy, nginx
from tests.balancer.proxy.test_failure import hang_up
from tests.balancer.rawhttp import connect, get
from tests.field import field
from tests.installed import needs

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab

AFTER = get("/smuggled")


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


@pytest.mark.parametrize("method", [b"LIST", b"MKACTIVITY", b"QUERY", b"FROB", b"M-SEARCH"])
@field(
    "http",
    sources="RFC 9110 9.1, nghttp2/nghttp2#602, chimurai/http-proxy-middleware#975",
    peers="HAProxy passes any token on, nginx capitals",
)
async def test_any_method_in_capitals_that_nobody_knows_is_passed_on_and_never_repeated(
    lab: Lab, method: bytes
) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    assert (await client.ask(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")).status == 200
    assert backend.requests[0].line == method + b" / HTTP/1.1"
    backend.answer = hang_up
    assert (await client.ask(method + b" /1 HTTP/1.1\r\nHost: a\r\n\r\n")).status == 502
    assert len(backend.requests) == (3 if method == b"QUERY" else 2)


@pytest.mark.parametrize("method", [b"get", b"head", b"abcGET", b"List", b"x!"])
@field("http", sources="RFC 9110 9.1", peers="nginx refuses them, HAProxy passes them on")
async def test_a_method_that_is_not_all_capitals_is_refused_with_the_connection(
    lab: Lab, method: bytes
) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    answer = await client.ask(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (answer.status, answer.value("connection")) == (501, b"close")
    assert await client.rest() == b""
    assert backend.requests == []


@field("http", sources="RFC 9110 2.5", peers="HAProxy and nginx do the same")
async def test_a_higher_minor_version_is_read_as_1_1(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    for _ in range(2):
        answer = await client.ask(b"GET / HTTP/1.2\r\nHost: a\r\n\r\n")
        assert answer.line == b"HTTP/1.1 200 OK"
        assert answer.value("connection") is None
    assert backend.requests[0].line == b"GET / HTTP/1.1"


ALL = [*BAD_REQUESTS, *BAD_CHUNKS]


@needs("haproxy")
@pytest.mark.parametrize("bad", ALL, ids=str)
async def test_haproxy_refuses_it_too_unless_listed(bad: Bad, haproxy_peer: Peer) -> None:
    if bad.name in TIMING:
        pytest.skip("whether HAProxy lets it through depends on how the bytes come")
    assert await passes(bad, haproxy_peer) == ("haproxy" in bad.elsewhere)


@needs("nginx")
@pytest.mark.parametrize("bad", ALL, ids=str)
async def test_nginx_refuses_it_too_unless_listed(bad: Bad, nginx_peer: Peer) -> None:
    assert await passes(bad, nginx_peer) == ("nginx" in bad.elsewhere)


async def passes(bad: Bad, peer: Peer) -> bool:
    """Whether a peer lets it through: whether its backend, which always answers 200, is heard."""
    async with connect(peer.address) as client:
        await client.send(bad.raw)
        first = await client.reader.read(12)  # without EOF, which nginx takes as an abort
    return first.startswith(b"HTTP/") and first.split()[1][:1] not in {b"4", b"5"}


def test_every_bad_request_has_its_section_and_a_reason_where_others_are_laxer() -> None:
    for bad in ALL:
        assert re.fullmatch(r"RFC \d{4} \d+(\.\d+)*", bad.section), bad
        assert bool(bad.elsewhere) == (bad.name in WHY), bad
    assert set(WHY) <= {bad.name for bad in ALL}


haproxy_peer = haproxy
nginx_peer = nginx
