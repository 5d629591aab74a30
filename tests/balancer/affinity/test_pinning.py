"""Which backend a client is tied to, end to end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.backends.state import State
from sessionlab.balancer.config.warnings import refused_cookies
from tests.balancer.admin.test_api import JSON
from tests.balancer.rawhttp import Backend, Message, connect, get, ok

if TYPE_CHECKING:
    import asyncio

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab


async def ask(balancer: Running, cookie: str = "", path: str = "/") -> Message:
    """One request on a connection of its own."""
    async with connect(balancer.listen) as client:
        return await client.get(path, *([f"Cookie: {cookie}"] if cookie else []))


def pair(answer: Message) -> str:
    """The name and value that an answer sets."""
    (line,) = answer.values("set-cookie")
    return line.partition(b";")[0].decode()


async def test_a_cookie_brings_its_client_back(lab: Lab) -> None:
    backends = await lab.backends(3)
    balancer = await lab.balancer(*backends, affinity="cookie")
    first = await ask(balancer)
    for _ in range(6):
        again = await ask(balancer, f"a=1; {pair(first)}; b=2")
        assert again.value("x-node") == first.value("x-node")
        assert again.values("set-cookie") == []
    home = next(b for b in backends if b.name.encode() == first.value("x-node"))
    assert home.requests[-1].values("cookie") == [b"a=1; b=2"], "the app never sees our cookie"


async def test_the_cookie_has_the_attributes_asked_for(lab: Lab) -> None:
    balancer = await lab.balancer(
        *await lab.backends(1),
        affinity="cookie",
        cookie_name="here",
        cookie_secure=True,
        cookie_same_site="None",
        cookie_domain="example.test",
        cookie_path="/app",
    )
    (line,) = (await ask(balancer)).values("set-cookie")
    assert line.startswith(b"here=")
    attributes = {part.strip() for part in line.split(b";")[1:]}
    assert attributes == {
        b"Path=/app", b"Domain=example.test", b"Secure", b"HttpOnly", b"SameSite=None",
    }  # fmt: skip


async def test_a_token_does_not_say_where_and_can_not_be_made(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(2), affinity="cookie")
    answers = [await ask(balancer) for _ in range(4)]
    tokens = {pair(answer) for answer in answers}
    assert len(tokens) == 4, "clients of one backend can't recognise each other"
    name, _, token = pair(answers[0]).partition("=")
    changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    for forged in ("n1", token[:-1], changed, "x" * 59, "\xff" * 59, ""):
        answer = await ask(balancer, f"{name}={forged}")
        assert answer.status == 200
        assert pair(answer) != f"{name}={forged}", "a bad token is replaced"


async def test_a_bad_token_never_reaches_the_backend(lab: Lab) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(backend, affinity="cookie")
    await ask(balancer, "SESSIONLAB=guess; theme=dark")
    await ask(balancer, "SESSIONLAB=guess")
    assert backend.requests[0].values("cookie") == [b"theme=dark"]
    assert backend.requests[1].values("cookie") == []


async def test_of_several_cookies_the_first_good_one_counts(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(3), affinity="cookie")
    first = await ask(balancer)
    for _ in range(3):
        again = await ask(balancer, f"SESSIONLAB=old; {pair(first)}; SESSIONLAB=older")
        assert again.value("x-node") == first.value("x-node")


async def test_a_secret_keeps_pins_over_a_restart(lab: Lab) -> None:
    backends = await lab.backends(3)
    one, other = [
        await lab.balancer(*backends, affinity="cookie", secret=b"correct horse") for _ in range(2)
    ]
    stranger = await lab.balancer(*backends, affinity="cookie")
    first = await ask(one)
    for _ in range(4):
        assert (await ask(other, pair(first))).value("x-node") == first.value("x-node")
    assert (await ask(stranger, pair(first))).values("set-cookie") != []


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_draining_backend_keeps_its_own_and_gets_no_others(lab: Lab, affinity: str) -> None:
    balancer, cookie, home = await _pinned(lab, affinity)
    balancer.context.cluster.change("app", home, State.DRAIN, None)
    for _ in range(3):
        assert (await ask(balancer, cookie)).value("x-node") == home.encode()
        assert (await ask(balancer)).value("x-node") != home.encode()


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_weight_of_zero_keeps_pinned_clients(lab: Lab, affinity: str) -> None:
    balancer, cookie, home = await _pinned(lab, affinity)
    balancer.context.cluster.change("app", home, None, 0)
    assert (await ask(balancer, cookie)).value("x-node") == home.encode()
    assert (await ask(balancer)).value("x-node") != home.encode()


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_lost_pin_moves_and_stays_moved(lab: Lab, affinity: str) -> None:
    balancer, cookie, home = await _pinned(lab, affinity)
    balancer.context.cluster.change("app", home, State.MAINTENANCE, None)
    moved = await ask(balancer, cookie)
    assert moved.value("x-node") != home.encode()
    if affinity == "cookie":
        cookie = pair(moved)
    balancer.context.cluster.change("app", home, State.UP, None)
    for _ in range(3):
        assert (await ask(balancer, cookie)).value("x-node") == moved.value("x-node")


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_lost_pin_fails_when_that_was_asked_for(lab: Lab, affinity: str) -> None:
    balancer, cookie, home = await _pinned(lab, affinity, on_pin_lost="fail")
    balancer.context.cluster.change("app", home, State.MAINTENANCE, None)
    lost = await ask(balancer, cookie)
    assert (lost.status, b"on-pin-lost=fail" in lost.body) == (503, True)
    assert (await ask(balancer)).status == 200


async def test_pins_hold_while_the_cluster_grows(lab: Lab) -> None:
    balancer, cookie, home = await _pinned(lab, "cookie")
    for i in range(5):
        backend = await lab.backend(f"new{i}")
        async with connect(balancer.admin or "") as admin:
            body = json.dumps({"name": backend.name, "address": f"127.0.0.1:{backend.port}"})
            head = f"POST /backends HTTP/1.1\r\nHost: a\r\n{JSON}Content-Length: {len(body)}"
            assert (await admin.ask(f"{head}\r\n\r\n{body}".encode())).status == 201
        assert (await ask(balancer, cookie)).value("x-node") == home.encode()


async def test_a_deleted_session_is_forgotten(lab: Lab) -> None:
    balancer, cookie, _ = await _pinned(lab, "learn:sid")
    assert len((await _affinity(balancer))["pins"]) == 1
    await ask(balancer, cookie, "/logout")
    assert (await _affinity(balancer))["pins"] == []


async def test_a_session_that_is_replaced_is_not_counted_twice(lab: Lab) -> None:
    async def app(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        number = f"Set-Cookie: sid={len(backend.requests)}".encode()
        writer.write(ok(b"in", b"X-Node: n1", number))

    balancer = await lab.balancer(await lab.backend(answer=app), affinity="learn:sid")
    first = await ask(balancer)
    second = await ask(balancer, pair(first))
    assert pair(first) != pair(second)
    assert len((await _affinity(balancer))["pins"]) == 1


@pytest.mark.parametrize("hidden", [True, False])
async def test_scripts_see_the_cookie_only_if_that_was_asked_for(lab: Lab, *, hidden: bool) -> None:
    options = {"affinity": "cookie", "cookie_same_site": "None"}
    balancer = await lab.balancer(await lab.backend(), cookie_http_only=hidden, **options)  # type: ignore[arg-type]
    (line,) = (await ask(balancer)).values("set-cookie")
    assert (b"HttpOnly" in line) == hidden
    (doubt,) = refused_cookies(balancer.context.config)
    assert "say --cookie-secure too" in doubt


async def test_the_table_of_pins_holds_no_credential(lab: Lab) -> None:
    balancer, cookie, home = await _pinned(lab, "learn:sid")
    (pin,) = (await _affinity(balancer))["pins"]
    assert pin["backend"] == home
    assert pin["service"] == "app"
    assert cookie.partition("=")[2] not in json.dumps(pin)


async def _affinity(balancer: Running) -> Any:
    async with connect(balancer.admin or "") as admin:
        return json.loads((await admin.ask(get("/affinity"))).body)


async def _pinned(lab: Lab, affinity: str, **options: Any) -> tuple[Running, str, str]:
    """A balancer with three backends, a cookie that pins, and the backend that it pins to."""
    backends = [await lab.backend(f"n{i}", _app) for i in range(3)]
    balancer = await lab.balancer(*backends, affinity=affinity, **options)
    answer = await ask(balancer, path="/login" if affinity != "cookie" else "/")
    home = answer.value("x-node")
    assert home is not None
    return balancer, pair(answer), home.decode()


async def _app(
    backend: Backend, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    node = f"X-Node: {backend.name}".encode()
    if b"/login " in request.line:
        cookie = f"Set-Cookie: sid=session-of-{backend.name}; Path=/; HttpOnly".encode()
        writer.write(ok(b"in", node, cookie))
    elif b"/logout " in request.line:
        writer.write(ok(b"out", node, b'Set-Cookie: sid=""; Max-Age=0; Path=/'))
    else:
        writer.write(ok(b"hello", node))
