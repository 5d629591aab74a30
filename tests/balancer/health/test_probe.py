"""Active checks against real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.backends.state import Seen, State
from sessionlab.balancer.config.model import Address, BackendSpec, HealthPolicy
from sessionlab.balancer.config.parsing import parse_statuses
from sessionlab.balancer.health.probe import probe
from tests.balancer.rawhttp import until

if TYPE_CHECKING:
    import asyncio

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
    assert await probe(Address("127.0.0.1", port), POLICY) is seen


def test_the_healthy_statuses_are_a_choice() -> None:
    assert (list(parse_statuses("204")), 399 in parse_statuses("200-399")) == ([204], True)


async def test_a_silent_or_missing_server_is_not_healthy(lab: Lab) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    port = int((await lab.raw(serve)).rpartition(":")[2])
    assert await probe(Address("127.0.0.1", port), POLICY) is Seen.BAD
    assert await probe(Address("127.0.0.1", 1), POLICY) is Seen.BAD


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
