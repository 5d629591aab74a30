"""A cookie of the app's is learned as browsers keep it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.balancer.admin.test_api import call
from tests.balancer.affinity.test_verdicts import Clock, ask, clock, said
from tests.balancer.rawhttp import Backend, Message, ok
from tests.field import field

if TYPE_CHECKING:
    import asyncio

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab

__all__ = ["clock"]


async def app(
    backend: Backend, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Sets the cookies that the request's X-Set fields spell out."""
    lines = [b"Set-Cookie: " + value for value in request.values("x-set")]
    writer.write(ok(b"", f"X-Node: {backend.name}".encode(), *lines))


async def learning(lab: Lab, **options: Any) -> Running:
    backends = [await lab.backend(f"n{i}", app) for i in range(3)]
    return await lab.balancer(*backends, affinity="learn:sid", explain=True, **options)


async def sets(
    balancer: Running, *lines: str, cookie: str = "", path: str = "/"
) -> tuple[str, str]:
    """Who set them, and the verdict."""
    answer = await ask(balancer, cookie, path, *(f"X-Set: {line}" for line in lines))
    return (answer.value("x-node") or b"").decode(), said(answer)


async def stays(balancer: Running, cookie: str, home: str) -> bool:
    """Whether a client with these cookies is pinned to its home, however often it asks."""
    seen = [await sets(balancer, cookie=cookie) for _ in range(4)]
    return seen == [(home, "VN")] * 4


async def pins(balancer: Running) -> list[Any]:
    found: list[Any] = json.loads((await call(balancer, "GET", "/affinity")).body)["pins"]
    return found


@field(
    "pins",
    sources="RFC 6265 section 5.3 item 11, zoneminder#4902",
    peers="HAProxy: right",
)
async def test_of_two_cookies_of_one_name_and_path_the_last_counts(lab: Lab) -> None:
    balancer = await learning(lab)
    home, _ = await sets(balancer, "sid=tmp; Path=/", "sid=fin; HttpOnly; Path=/")
    assert await stays(balancer, "sid=fin", home)
    assert len(await pins(balancer)) == 1, "nobody has the first one"
    home, _ = await sets(balancer, "sid=; Max-Age=0; Path=/", "sid=new; Path=/")
    assert await stays(balancer, "sid=new", home)


@field("pins", sources="RFC 6265 section 5.3 item 11, jetty#5853")
async def test_cookies_of_other_paths_and_domains_stand_beside_it(lab: Lab) -> None:
    balancer = await learning(lab)
    home, _ = await sets(balancer, "sid=one; Path=/", "sid=two; Path=/app")
    assert await stays(balancer, "sid=one", home)
    assert await stays(balancer, "sid=two; sid=one", home)


@pytest.mark.parametrize(
    "cleared",
    [
        "sid=; Path=/old; Max-Age=0",
        "sid=; Path=/; Domain=.example.test; Max-Age=0",
        "sid=x; Path=/old; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)
@field(
    "pins",
    sources="RFC 6265 section 5.3 item 11, shopware#144, supabase/ssr#240",
)
async def test_clearing_a_cookie_of_another_path_or_domain_forgets_no_pin(
    lab: Lab, cleared: str
) -> None:
    balancer = await learning(lab)
    home, _ = await sets(balancer, "sid=live; Path=/")
    assert await sets(balancer, cleared, cookie="sid=live") == (home, "VN")
    assert await stays(balancer, "sid=live", home)
    assert await sets(balancer, "sid=fin; Path=/", cleared, cookie="sid=live") == (home, "VI")
    assert await stays(balancer, "sid=fin", home)


async def test_a_path_that_is_not_said_is_that_of_the_request(lab: Lab) -> None:
    """RFC 6265 section 5.1.4."""
    balancer = await learning(lab)
    home, _ = await sets(balancer, "sid=live", path="/app/login")
    assert await sets(balancer, "sid=; Max-Age=0", cookie="sid=live", path="/out") == (home, "VN")
    assert await stays(balancer, "sid=live", home)
    gone = await sets(balancer, "sid=; Max-Age=0; Path=/app", cookie="sid=live", path="/out")
    assert gone == (home, "VD")


@field("pins", sources="RFC 6265 section 5.4 item 2, shopware#144")
async def test_of_several_values_the_first_that_is_known_pins(lab: Lab) -> None:
    balancer = await learning(lab)
    home, _ = await sets(balancer, "sid=good; Path=/")
    await sets(balancer, "sid=other; Path=/")
    assert await stays(balancer, "sid=stale; sid=good", home)
    assert await stays(balancer, "sid=stale; a=b; sid=older; sid=good; sid=other", home)


@field(
    "pins",
    sources="HAProxy configuration manual, `stick store-response`",
    peers="HAProxy keeps both",
)
async def test_a_client_that_missed_its_new_cookie_keeps_its_backend(
    lab: Lab, clock: Clock
) -> None:
    balancer = await learning(lab, table_idle=3600.0)
    home, _ = await sets(balancer, "sid=old; Path=/")
    assert await sets(balancer, "sid=new; Path=/", cookie="sid=old") == (home, "VI")
    assert len(await pins(balancer)) == 1, "it is one client"
    assert await stays(balancer, "sid=old", home)
    assert await stays(balancer, "sid=new", home)
    clock.forward(balancer, 200)
    assert await stays(balancer, "sid=old", home)
    assert len(await pins(balancer)) == 2, "it never got the new one, or it is another client"


async def test_a_replaced_value_is_forgotten_after_a_while(lab: Lab, clock: Clock) -> None:
    balancer = await learning(lab, table_idle=3600.0)
    home, _ = await sets(balancer, "sid=old; Path=/")
    await sets(balancer, "sid=new; Path=/", cookie="sid=old")
    clock.forward(balancer, 301)
    assert (await sets(balancer, cookie="sid=old"))[1] == "EN expired"
    assert await stays(balancer, "sid=new", home)
