"""Active checks against real servers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.backends.state import Seen, State
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.model import Address, BackendSpec, HealthPolicy
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.config.parsing import parse_statuses
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.health.probe import probe
from tests.balancer.rawhttp import connect, get, until
from tests.field import field

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab

POLICY = HealthPolicy(timeout=0.1)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", Seen.GOOD),
        (b"HTTP/1.0 302 Found\r\n\r\n", Seen.GOOD),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Seen.ASKS_TO_LEAVE),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", Seen.BAD),
        (b"SSH-2.0-OpenSSH_9.2 and more", Seen.BAD),
        (b"HTTP/1.1 2", Seen.BAD),
        (b"", Seen.BAD),
    ],
)
async def test_only_a_good_status_counts(lab: Lab, answer: bytes, seen: Seen) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    port = int((await lab.raw(serve)).rpartition(":")[2])
    assert (await probe(Address("127.0.0.1", port), POLICY)).seen is seen


def test_the_healthy_statuses_are_a_choice() -> None:
    assert (list(parse_statuses("204")), 399 in parse_statuses("200-399")) == ([204], True)


async def test_a_silent_or_missing_server_is_not_healthy(lab: Lab) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    port = int((await lab.raw(serve)).rpartition(":")[2])
    assert (await probe(Address("127.0.0.1", port), POLICY)).seen is Seen.BAD
    assert (await probe(Address("127.0.0.1", 1), POLICY)).seen is Seen.BAD


async def test_a_backend_leaves_and_returns_with_its_checks(lab: Lab) -> None:
    one, two = await lab.backends(2)
    balancer = await lab.balancer(one, two, health_interval=0.01, rise=2, fall=2)
    client = await lab.client(balancer)
    one.ready = False
    await until(lambda: not balancer.context.cluster.find("app", "n1").healthy)
    assert {(await client.get()).value("x-node") for _ in range(4)} == {b"n2"}
    one.ready = True
    await until(lambda: balancer.context.cluster.find("app", "n1").healthy)
    assert {(await client.get()).value("x-node") for _ in range(4)} == {b"n1", b"n2"}


async def test_a_refused_request_takes_a_backend_down_before_its_check(lab: Lab) -> None:
    one, two = await lab.backends(2)
    balancer = await lab.balancer(one, two, health_interval=60.0)
    await one.stop()
    client = await lab.client(balancer)
    assert {(await client.get()).value("x-node") for _ in range(3)} == {b"n2"}
    assert balancer.context.cluster.find("app", "n1").state == "down"


async def test_a_backend_in_maintenance_is_not_asked(lab: Lab) -> None:
    one = await lab.backend()
    balancer = await lab.balancer(one, health_interval=0.01)
    backend = balancer.context.cluster.find("app", "n1")
    balancer.context.cluster.change("app", "n1", State.MAINTENANCE, None)
    await one.stop()
    before = one.connections
    other = await lab.backend("n2")
    balancer.context.cluster.add(BackendSpec("app", "n2", Address("127.0.0.1", other.port)))
    await until(lambda: other.connections > 5)
    assert one.connections == before
    assert backend.healthy


@field("http", sources="freelawproject/courtlistener#2059")
async def test_a_check_that_fails_is_named_in_the_log_the_row_and_the_503(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = await lab.backend()
    stranger.ready, stranger.unready = False, b"404 Not Found"
    balancer = await lab.balancer(stranger, await_up=False, health_interval=0.01)
    backend = balancer.context.cluster.find("app", "n1")
    why = "GET /readyz -> 404 (see --health-path)"
    await until(lambda: backend.why == why)
    await until(lambda: stranger.connections > 3)
    answer = await (await lab.client(balancer)).get()
    assert json.loads(answer.body)["detail"] == f"no backend is available; n1 down: {why}"
    row = await (await lab.stack.enter_async_context(connect(str(balancer.admin)))).get("/backends")
    assert json.loads(row.body)["backends"][0]["why"] == why
    stranger.ready = True
    await until(lambda: backend.healthy and not backend.why)
    said = capsys.readouterr().err
    assert said.count(f"backend app/n1 is down: {why}\n") == 1, "and not at every check"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "GET /readyz -> 400 (see --health-host)"),
        (b"HTTP/1.1 405 No\r\n\r\n", "GET /readyz -> 405 (see --health-method)"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", "GET /readyz -> 500"),
        (b"SSH-2.0\r\n\r\n", "GET /readyz -> no good HTTP: malformed status line"),
        (b"", "GET /readyz -> no good HTTP: the connection was closed"),
    ],
)
async def test_a_check_says_what_was_wrong(lab: Lab, answer: bytes, why: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    port = int((await lab.raw(serve)).rpartition(":")[2])
    assert (await probe(Address("127.0.0.1", port), POLICY)).why == why


async def test_a_server_that_is_silent_or_missing_is_named_so(lab: Lab) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    port = int((await lab.raw(serve)).rpartition(":")[2])
    silent = await probe(Address("127.0.0.1", port), POLICY)
    assert silent.why == "GET /readyz -> nothing within 0.1 s"
    assert (await probe(Address("127.0.0.1", 1), POLICY)).why == "no connection can be made"


@field("http", sources="freelawproject/courtlistener#2059", peers="HAProxy: http-check send hdr")
async def test_a_check_asks_with_the_host_and_the_method_that_an_app_wants(lab: Lab) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

    port = int((await lab.raw(serve)).rpartition(":")[2])
    policy = HealthPolicy(method="HEAD", host="shop.example")
    assert (await probe(Address("127.0.0.1", port), policy)).seen is Seen.GOOD
    assert asked[0].startswith(b"HEAD /readyz HTTP/1.1\r\nHost: shop.example\r\n")


@field("http", sources="freelawproject/courtlistener#2059", peers="HAProxy: the default check")
async def test_a_connection_can_be_check_enough(lab: Lab) -> None:
    stranger = await lab.backend()
    stranger.ready, stranger.unready = False, b"404 Not Found"
    balancer = await lab.balancer(stranger, health_interval=0.01, health_probe="tcp")
    assert (await (await lab.client(balancer)).get()).status == 200
    await stranger.stop()
    await until(lambda: not balancer.context.cluster.find("app", "n1").healthy)


@pytest.mark.parametrize(
    "option",
    [{"health_probe": "udp"}, {"health_method": "G T"}, {"health_host": "a\r\nX: y"}],
)
def test_a_check_that_can_not_be_made_is_refused(option: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--health-"):
        configure(Options(backend=["a=127.0.0.1:1"], **option))  # type: ignore[arg-type]


async def test_a_stop_says_what_it_waits_for(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    async def never(*things: object) -> None:
        await asyncio.sleep(60)

    balancer = await lab.balancer(await lab.backend(answer=never), drain_timeout=0.05)
    client = await lab.client(balancer)
    await client.send(get())
    await until(lambda: balancer.context.cluster.backends()[0].active == 1)
    await balancer.context.drain()
    assert "waits at most 0.05 s for 1 requests and 0 tunnels" in capsys.readouterr().err
