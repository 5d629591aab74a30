"""Ids in headers and in the query: those that the app gives, and those that clients choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.services.registry import Cluster
from tests.balancer.affinity.test_verdicts import ask, said
from tests.balancer.rawhttp import Backend, Message, connect, ok
from tests.field import field

if TYPE_CHECKING:
    import asyncio

    from tests.balancer.conftest import Lab

SESSION = "Mcp-Session-Id"


async def app(
    backend: Backend, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Gives a session at /start, and another at /renew."""
    lines = [b"mcp-session-id: of-%b" % backend.name.encode()] if b"/start" in request.line else []
    if b"/renew" in request.line:
        lines = [b"Mcp-Session-Id: new"]
    writer.write(ok(b"", b"X-Node: " + backend.name.encode(), *lines))


@field(
    "pins",
    sources="fastmcp#1003, mcp-gateway-registry#960, xprem#149",
    peers="HAProxy and nginx have it",
)
async def test_an_id_from_an_answers_header_pins_to_the_backend_that_gave_it(lab: Lab) -> None:
    backends = [await lab.backend(f"n{i}", app) for i in range(3)]
    balancer = await lab.balancer(*backends, affinity=f"learn-header:{SESSION}", explain=True)
    for _ in range(3):
        first = await ask(balancer, "", "/start")
        assert said(first) in {"NI", "NU"}
        home = (first.value("x-node") or b"").decode()
        async with connect(balancer.listen) as client:  # and by the short way
            for _ in range(3):
                again = await client.get("/", f"{SESSION}: of-{home}")
                assert (again.value("x-node"), said(again)) == (home.encode(), "VN")
    assert said(await ask(balancer, "", "/", f"{SESSION}: made-up")) == "IN table-lost"


async def test_a_renewed_id_pins_too_and_the_old_one_for_a_while(lab: Lab) -> None:
    backends = [await lab.backend(f"n{i}", app) for i in range(3)]
    balancer = await lab.balancer(*backends, affinity=f"learn-header:{SESSION}", explain=True)
    home = (await ask(balancer, "", "/start")).value("x-node") or b""
    old = f"{SESSION}: of-{home.decode()}"
    renewed = await ask(balancer, "", "/renew", old)
    assert (renewed.value("x-node"), said(renewed)) == (home, "VI")
    for shown in (f"{SESSION}: new", old) * 2:
        answer = await ask(balancer, "", "/", shown)
        assert (answer.value("x-node"), said(answer)) == (home, "VN")


@field("pins", sources="gateway-api#4385", peers="HAProxy: stick on url_param")
async def test_a_parameter_of_the_query_pins(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(3), affinity="query:room", explain=True)
    homes = {}
    for room in ("a", "b"):
        first = await ask(balancer, "", f"/x?a=1&room={room}&room=z")
        homes[room] = first.value("x-node")
        assert said(first) == "NI"
    for room in ("a", "b") * 2:
        again = await ask(balancer, "", f"/y?room={room}")
        assert (again.value("x-node"), said(again)) == (homes[room], "VN")
    for path in ("/", "/?Room=a", "/?room=", "/?room", "/room=a"):
        assert said(await ask(balancer, "", path)) == "NN", path


@field("pins", sources="gateway-api#4385", peers="HAProxy: balance url_param")
async def test_a_hash_can_be_of_a_parameter_of_the_query(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(4), algorithm="consistent-hash:query:room")
    homes = {}
    for room in map(str, range(20)):
        answers = [await ask(balancer, "", f"/{n}?n={n}&room={room}") for n in range(3)]
        (homes[room],) = {answer.value("x-node") for answer in answers}
    assert len(set(homes.values())) > 1


@pytest.mark.parametrize("affinity", ["learn-header", "learn-header:", "query", "query:"])
def test_what_to_look_at_must_be_said(affinity: str) -> None:
    with pytest.raises(UsageError, match="say which"):
        Cluster(configure(Options(affinity=affinity)))
