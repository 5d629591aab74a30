"""What reaches a backend, and what comes back."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.balancer.conftest import client_connections
from tests.balancer.rawhttp import Backend, Message, connect, get, ok, until
from tests.field import field

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab


async def test_requests_go_to_each_backend_in_turn(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(3))
    client = await lab.client(balancer)
    nodes = [(await client.get()).value("x-node") for _ in range(6)]
    assert nodes == [b"n1", b"n2", b"n3"] * 2


async def test_a_forwarded_request_says_who_asked(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.get("/a?b=c", "X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6")
    request = backend.requests[0]
    assert request.line == b"GET /a?b=c HTTP/1.1"
    assert request.values("x-forwarded-for") == [b"127.0.0.1"]
    assert request.values("x-forwarded-proto") == [b"http"]
    assert request.values("x-forwarded-host") == [b"example.test"]
    assert request.values("host") == [b"example.test"]
    assert request.values("via") == [b"1.1 sessionlab"]
    assert request.values("forwarded") == []


async def test_a_trusted_proxy_is_believed_and_continued(lab: Lab) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(backend, trust_proxy=["127.0.0.0/8"])
    client = await lab.client(balancer)
    await client.get(
        "/", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.test"
    )
    request = backend.requests[0]
    assert request.values("x-forwarded-for") == [b"192.0.2.7, 127.0.0.1"]
    assert request.values("x-forwarded-proto") == [b"https"]
    assert request.values("x-forwarded-host") == [b"shop.test"]


@pytest.mark.parametrize("strips", [False, True])
@pytest.mark.parametrize("trusted", [False, True])
async def test_a_prefix_and_a_port_are_continued_for_a_trusted_proxy_alone(
    lab: Lab, trusted: bool, strips: bool
) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(
        backend,
        trust_proxy=["127.0.0.0/8"] if trusted else [],
        route=["/auth=app,strip" if strips else "/auth=app"],
    )
    client = await lab.client(balancer)
    await client.get("/auth/x", "X-Forwarded-Prefix: /outer", "X-Forwarded-Port: 8443")
    request = backend.requests[0]
    prefix = (b"/outer" if trusted else b"") + (b"/auth" if strips else b"")
    assert request.values("x-forwarded-prefix") == ([prefix] if prefix else [])
    assert request.values("x-forwarded-port") == ([b"8443"] if trusted else [])


async def test_spellings_that_cgi_confuses_with_forwarding_are_dropped(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.get("/", "X_Forwarded_For: 6.6.6.6", "Content_Length: 5", "X_Fine: yes")
    request = backend.requests[0]
    assert b"6.6.6.6" not in request.head
    assert b"Content_Length" not in request.head
    assert request.values("x_fine") == [b"yes"]


async def test_a_request_id_is_made_or_kept(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.get("/", "X-Request-ID: mine-1")
    await client.get("/")
    await client.get("/")
    await client.get("/", 'X-Request-ID: "><script>')
    kept, first, second, odd = (r.values("x-request-id") for r in backend.requests)
    assert kept == [b"mine-1"]
    assert first != second
    assert b"script" not in odd[0]


@field("http", sources="RFC 9110 7.6.3", peers="nginx compresses nothing for who names a Via")
async def test_via_says_the_version_that_came_and_can_be_left_out(lab: Lab) -> None:
    backend = await lab.backend()
    for via, vias in ((True, [b"1.1 sessionlab"]), (False, [])):
        client = await lab.client(await lab.balancer(backend, via=via))
        await client.get()
        assert backend.requests[-1].values("via") == vias
    client = await lab.client(await lab.balancer(backend))
    await client.ask(b"GET / HTTP/1.0\r\nVia: 1.0 before\r\n\r\n")
    assert backend.requests[-1].values("via") == [b"1.0 before", b"1.0 sessionlab"]


@field("http", sources="RFC 9110 15.5.22, RFC 9110 6.6.2")
async def test_fields_that_a_status_or_a_trailer_needs_are_passed_on(lab: Lab) -> None:
    raw = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: x/2\r\nConnection: Upgrade\r\n"
    raw += b"Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSum: 1\r\n\r\n"
    backend = await lab.backend(answer=raw)
    client = await lab.client(await lab.balancer(backend))
    for _ in range(2):
        answer = await client.get("/", "Trailer: Total")
        assert answer.values("upgrade") == [b"x/2"]
        assert answer.values("connection") == [b"Upgrade"]
        assert answer.values("trailer") == [b"Sum"]
        assert answer.raw.endswith(b"Sum: 1\r\n\r\n")
    assert backend.requests[0].values("trailer") == [b"Total"]


async def test_hop_by_hop_fields_end_here(lab: Lab) -> None:
    backend = await lab.backend(
        answer=ok(b"x", b"Connection: X-Secret", b"X-Secret: 1", b"Keep-Alive: timeout=5")
    )
    client = await lab.client(await lab.balancer(backend))
    answer = await client.get(
        "/", "Connection: X-Hop, keep-alive", "X-Hop: 1", "Keep-Alive: 3", "Proxy-Authorization: x"
    )
    for name in ("connection", "x-hop", "keep-alive", "proxy-authorization"):
        assert backend.requests[0].value(name) is None
    for name in ("x-secret", "keep-alive", "connection"):
        assert answer.value(name) is None


async def test_connection_can_not_strip_what_the_balancer_adds(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.get("/", "Connection: X-Forwarded-For, Host, X-Request-ID")
    request = backend.requests[0]
    assert request.value("x-forwarded-for") == b"127.0.0.1"
    assert request.value("host") == b"example.test"


async def test_connections_to_a_backend_are_used_again(lab: Lab) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(backend)
    for _ in range(5):
        async with connect(balancer.listen) as client:
            await client.get()
    assert backend.connections == 1


async def test_bodies_of_either_framing_arrive_whole(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    head = b"POST /x HTTP/1.1\r\nHost: a\r\n"
    await client.ask(head + b"Content-Length: 5\r\n\r\nhello")
    await client.ask(
        head + b"Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n02\r\nde\r\n0\r\nT: 1\r\n\r\n"
    )
    await client.ask(head + b"Content-Length: 0\r\n\r\n")
    plain, chunked, empty = backend.requests
    assert plain.body == b"hello"
    assert plain.values("content-length") == [b"5"]
    assert chunked.body == b"abcde"
    assert b"ext" not in chunked.raw
    assert b"T: 1" in chunked.raw
    assert empty.values("content-length") == [b"0"]


async def test_a_body_in_small_pieces_arrives_whole(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    raw = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%b\r\n" % (n, b"z" * n) for n in range(1, 20)
    )
    for byte in raw + b"0\r\n\r\n":
        await client.send(bytes([byte]))
    assert (await client.answer()).status == 200
    assert backend.requests[0].body == b"z" * sum(range(20))


async def test_pipelined_requests_are_answered_in_order(lab: Lab) -> None:
    async def slow_first(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if b"/0 " in request.line:
            await asyncio.sleep(0.02)
        writer.write(ok(request.line))

    backends = [await lab.backend(f"n{i}", slow_first) for i in range(2)]
    client = await lab.client(await lab.balancer(*backends))
    await client.send(b"".join(get(f"/{i}") for i in range(20)))
    bodies = [(await client.answer()).body for _ in range(20)]
    assert bodies == [b"GET /%d HTTP/1.1" % i for i in range(20)]


async def test_a_request_pipelined_behind_a_body_is_served(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    post = b"POST /p HTTP/1.1\r\nHost: a\r\n"
    await client.send(post + b"Content-Length: 2\r\n\r\nhi" + get("/after"))
    await client.send(post + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + get("/end"))
    for _ in range(4):
        assert (await client.answer()).status == 200
    assert [r.line.split()[1] for r in backend.requests] == [b"/p", b"/after", b"/p", b"/end"]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_that_have_no_body_do_not_wait_for_one(lab: Lab, status: bytes) -> None:
    backend = await lab.backend(answer=b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n")
    client = await lab.client(await lab.balancer(backend))
    for _ in range(2):
        answer = await client.get()
        assert answer.value("etag") == b"x"


async def test_head_is_answered_without_a_body(lab: Lab) -> None:
    backend = await lab.backend(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    client = await lab.client(await lab.balancer(backend))
    for _ in range(2):
        answer = await client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", bodiless=True)
        assert answer.value("content-length") == b"1000"


async def test_an_answer_to_head_is_no_model_for_the_answer_to_get(lab: Lab) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

    async def answer(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(head if request.line.startswith(b"HEAD") else head + b"12345")

    client = await lab.client(await lab.balancer(await lab.backend(answer=answer)))
    for _ in range(2):
        await client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", bodiless=True)
        assert (await client.get()).body == b"12345"


async def test_chunked_answers_keep_their_trailers(lab: Lab) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n0\r\nSum: 1\r\n\r\n"
    client = await lab.client(await lab.balancer(await lab.backend(answer=raw)))
    for _ in range(2):
        answer = await client.get()
        assert answer.body == b"Wiki"
        assert b"Sum: 1\r\n" in answer.raw


# What a header of the name may not say, a trailer may not either.
UNFIT_TRAILERS = (
    b"X-Forwarded-For",
    b"X_Forwarded_For",
    b"X-Real-IP",
    b"Content_Length",
    b"Set_Cookie",
    b"X-Request-ID",
    b"X-Balancer",
    b"X-Nominated",
)


def _ends_with(names: tuple[bytes, ...]) -> bytes:
    lines = b"".join(b"%b: evil\r\n" % name for name in names)
    return b"1\r\na\r\n0\r\n%bSum: 1\r\n\r\n" % lines


async def test_a_requests_trailers_keep_the_rules_of_its_headers(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Nominated\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + _ends_with(UNFIT_TRAILERS)
    )
    assert backend.requests[0].raw.endswith(b"0\r\nSum: 1\r\n\r\n")
    assert b"evil" not in backend.received


async def test_an_answers_trailers_keep_the_rules_of_its_headers(lab: Lab) -> None:
    raw = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Nominated\r\nTransfer-Encoding: chunked\r\n\r\n"
    ) + _ends_with(UNFIT_TRAILERS)
    client = await lab.client(await lab.balancer(await lab.backend(answer=raw)))
    answer = await client.get()
    assert answer.raw.endswith(b"0\r\nSum: 1\r\n\r\n")
    assert b"evil" not in answer.raw


async def test_who_takes_trailers_says_so_of_this_hop(lab: Lab) -> None:
    """RFC 9110 section 10.1.4: a sender of TE says so in Connection."""
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.get("/", "TE: trailers", "Connection: TE")
    request = backend.requests[0]
    assert request.values("te") == [b"trailers"]
    assert request.values("connection") == [b"TE"]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
async def test_who_uses_a_method_that_is_not_served_hears_which_are(lab: Lab, method: str) -> None:
    client = await lab.client(await lab.balancer(await lab.backend()))
    answer = await client.ask(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert answer.status == 405
    allowed = (answer.value("allow") or b"").split(b", ")
    assert {b"GET", b"POST", b"OPTIONS"} <= set(allowed)
    assert method.encode() not in allowed


async def test_a_question_about_the_server_goes_where_its_root_does(lab: Lab) -> None:
    """`OPTIONS *` (RFC 9110 section 9.3.7) has no path that a route could match."""
    root, hosted = await lab.backend("r1"), await lab.backend("h1")
    balancer = await lab.balancer(
        f"app/{root.spec}", f"shop/{hosted.spec}", route=["/=app", "/a=app", "shop.test/=shop"]
    )
    client = await lab.client(balancer)
    for host, node in ((b"other.test", b"r1"), (b"shop.test", b"h1")):
        answer = await client.ask(b"OPTIONS * HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
        assert answer.value("x-node") == node
    assert root.requests[0].line == b"OPTIONS * HTTP/1.1"


@field("http", sources="RFC 9110 7.6.2")
async def test_a_question_about_options_goes_as_far_as_it_is_to(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    head = b"%b / HTTP/1.1\r\nHost: a\r\nMAX-Forwards: %d\r\nX: y\r\n\r\n"
    await client.ask(head % (b"OPTIONS", 3))
    await client.ask(head % (b"GET", 0))
    assert [r.values("max-forwards") for r in backend.requests] == [[b"2"], [b"0"]]
    assert [r.values("x") for r in backend.requests] == [[b"y"], [b"y"]]
    answer = await client.ask(head % (b"OPTIONS", 0))
    assert answer.status == 200
    assert b"OPTIONS" in (answer.value("allow") or b"")
    assert len(backend.requests) == 2


async def test_http_1_0_gets_a_plain_body_and_a_close(lab: Lab) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n0\r\n\r\n"
    client = await lab.client(await lab.balancer(await lab.backend(answer=raw)))
    await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    everything = await client.rest()
    assert everything.endswith(b"\r\n\r\nWiki")
    assert b"chunked" not in everything
    assert b"Connection: close" in everything


async def test_http_1_0_keep_alive_is_kept_when_the_length_is_known(lab: Lab) -> None:
    client = await lab.client(await lab.balancer(await lab.backend()))
    for _ in range(2):
        answer = await client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert answer.value("connection") == b"keep-alive"


async def test_a_client_that_says_close_is_closed(lab: Lab) -> None:
    client = await lab.client(await lab.balancer(await lab.backend()))
    answer = await client.get("/", "Connection: close")
    assert answer.value("connection") == b"close"
    assert await client.rest() == b""


async def test_an_answer_without_a_length_ends_with_the_connection(lab: Lab) -> None:
    async def answer(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall ")
        await writer.drain()
        writer.write(b"of it")
        writer.close()

    client = await lab.client(await lab.balancer(await lab.backend(answer=answer)))
    answer_seen = await client.get()
    assert answer_seen.body == b"all of it"
    assert answer_seen.value("connection") == b"close"


async def test_interim_answers_pass_and_the_body_follows_100(lab: Lab) -> None:
    received = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        received += await reader.readexactly(5)
        writer.write(ok())

    client = await lab.client(await lab.balancer(await lab.raw(serve)))
    hints = await client.ask(
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    )
    assert (hints.status, hints.value("link")) == (103, b"</x>")
    assert (await client.answer()).status == 100
    assert (await client.ask(b"hello")).status == 200
    assert received.endswith(b"\r\n\r\nhello")


async def test_an_early_answer_to_a_long_body_reaches_the_client(lab: Lab) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok(b"no thanks"))

    client = await lab.client(await lab.balancer(await lab.raw(serve)))
    answer = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nxx")
    assert answer.body == b"no thanks"
    assert answer.value("connection") == b"close"


async def test_absolute_form_names_the_host(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.ask(b"GET http://shop.test/a?b HTTP/1.1\r\nHost: other.test\r\n\r\n")
    await client.ask(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    assert backend.requests[0].line == b"GET /a?b HTTP/1.1"
    assert backend.requests[0].values("host") == [b"shop.test"]
    assert backend.requests[1].line == b"OPTIONS * HTTP/1.1"


async def test_an_upgrade_becomes_a_tunnel_and_early_bytes_arrive(lab: Lab) -> None:
    async def answer(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi "
        )
        while data := await reader.read(100):
            writer.write(data.upper())

    backend = await lab.backend(answer=answer)
    client = await lab.client(await lab.balancer(backend))
    head = get("/", "Connection: Upgrade", "Upgrade: echo")
    answered = await client.ask(head + b"early ")
    assert answered.status == 101
    assert answered.value("upgrade") == b"echo"
    assert backend.requests[0].value("connection") == b"Upgrade"
    await client.send(b"late")
    assert await client.reader.readexactly(13) == b"hi EARLY LATE"


async def test_h2c_is_not_offered_to_a_backend(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend))
    await client.get(
        "/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: A"
    )
    for name in ("upgrade", "connection", "http2-settings"):
        assert backend.requests[0].value(name) is None


async def test_big_bodies_pass_both_ways_at_their_own_pace(lab: Lab) -> None:
    size = 8_000_000

    async def answer(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(ok(request.body))
        await writer.drain()

    balancer = await lab.balancer(await lab.backend(answer=answer))
    client = await lab.client(balancer)
    body = bytes(range(256)) * (size // 256)
    sending = asyncio.create_task(
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    )
    assert (await client.answer()).body == body
    await sending


async def test_a_client_that_does_not_read_stops_the_backend(lab: Lab) -> None:
    written = 0

    async def flood(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            written += 65536

    balancer = await lab.balancer(await lab.backend(answer=flood))
    client = await lab.client(balancer)
    await client.send(get())
    await until(lambda: any(f.exchange.upstream is not None for f in client_connections(balancer)))
    (frontend,) = client_connections(balancer)
    upstream = frontend.exchange.upstream
    assert upstream is not None
    await until(lambda: upstream.paused)
    assert written < 100_000_000
    assert frontend.transport.get_write_buffer_size() < 2_000_000


async def test_routes_lead_to_services_and_strip_their_prefix(lab: Lab) -> None:
    auth, orders = await lab.backend("a1"), await lab.backend("o1")
    balancer = await lab.balancer(
        f"auth/{auth.spec}",
        f"orders/{orders.spec}",
        route=["/auth=auth,strip", "/orders=orders"],
    )
    client = await lab.client(balancer)
    await client.get("/auth/login?x=1")
    await client.get("/auth")
    await client.get("/orders/1")
    missing = await client.get("/authors")
    assert [r.line.split()[1] for r in auth.requests] == [b"/login?x=1", b"/"]
    assert auth.requests[0].value("x-forwarded-prefix") == b"/auth"
    assert [r.line.split()[1] for r in orders.requests] == [b"/orders/1"]
    assert missing.status == 404
    assert json.loads(missing.body)["status"] == 404


async def test_a_request_repeated_after_one_without_a_route_is_itself_again(lab: Lab) -> None:
    """The 404 comes between two equal heads on one connection; the second is no repetition."""
    backend = await lab.backend()
    balancer = await lab.balancer(f"shop/{backend.spec}", route=["/shop=shop"])
    client = await lab.client(balancer)
    for path, status in (("/shop/a", 200), ("/nowhere", 404), ("/shop/a", 200)):
        assert (await client.get(path)).status == status
    assert [request.line for request in backend.requests] == [b"GET /shop/a HTTP/1.1"] * 2
