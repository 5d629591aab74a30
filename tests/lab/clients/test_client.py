"""What a client sends, and where it comes from."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.network import ClientNetwork
from sessionlab.lab.clients.people import Person
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.recipes.demo import demo
from sessionlab.lab.record.history import History
from tests.lab.clients.speaking import ALICE, answers, recipe, speaking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")
linux = pytest.mark.skipif(sys.platform != "linux", reason="one loopback address elsewhere")


@asynccontextmanager
async def echo() -> AsyncIterator[str]:
    """A server that answers with what reached it; its URL."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            {
                "source": request.remote,
                "cookie": request.headers.get("Cookie", ""),
                "forged": request.headers.get("X-Forged", ""),
            }
        )

    app = web.Application()
    app.router.add_get("/me", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def client(url: str, network: ClientNetwork) -> Client:
    return Client(Person("alice", "secret"), demo(), url, History(), Events(), "", "", network)


@linux
async def test_clients_come_from_addresses_of_their_own() -> None:
    first, second = LocalFabric().addresses(2, Random(1))
    async with (
        echo() as url,
        client(url, ClientNetwork(first)) as one,
        client(url, ClientNetwork(second)) as other,
    ):
        seen = [(await who.me()).body["source"] for who in (one, other)]
        await one.reconnect()
        seen.append((await one.me()).body["source"])
    assert seen == [first, second, first]
    assert first != second


async def test_a_client_sends_the_headers_and_cookies_that_it_is_given() -> None:
    async with echo() as url, client(url, ClientNetwork()) as alice:
        alice.headers["X-Forged"] = "https"
        alice.keep_cookie("visitor", "7")
        body = (await alice.me()).body
    assert (body["forged"], body["cookie"]) == ("https", "visitor=7")


@linux
async def test_the_same_seed_draws_the_same_addresses_each_once() -> None:
    drawn = LocalFabric().addresses(500, Random(3))
    assert drawn == LocalFabric().addresses(500, Random(3))
    assert len(set(drawn)) == 500
    assert all(address.startswith("127.") for address in drawn)


@linux
async def test_a_cluster_gives_its_clients_the_addresses_in_turn(make: Make) -> None:
    sources = ["127.1.2.3", "127.1.2.4"]
    async with make(nodes=2, algorithm="hash:source") as cluster:
        users = cluster.clients(4, sources)
        nodes = [(await user.me()).node for user in users]
        assert nodes[:2] == nodes[2:]


async def test_why_a_node_refused_is_recorded(make: Make) -> None:
    async with make("jwt", nodes=1) as cluster:
        alice = cluster.client("alice")
        good = await alice.login()
        left = (await alice.me()).operation.token_left
        alice.present(f"{alice.credential[:-8]}AAAAAAAA")
        bad = await alice.me()
    assert (good.operation.code, bad.operation.code) == ("", "signature-invalid")
    assert good.operation.token_left is None
    assert left is not None
    assert 0 < left <= 900


SHOP = """
[every.headers]
X-Session = "{sid?}"
[login]
post = "/in"
form = {name = "{user}", password = "{password}"}
take.sid = {json = "session"}
[me]
get = "/me"
user = {json = "user"}
[logout]
post = "/out"
"""


class Shop:
    """A shop with sessions in a header of its own."""

    def __init__(self) -> None:
        self.sessions: set[str] = set()

    async def login(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form["password"] != ALICE.password:
            return web.json_response({"session": "", "why": form["password"]}, status=403)
        self.sessions.add(sid := f"a-session-{len(self.sessions)}")
        cookie = {"Set-Cookie": f"theme={sid}-dark; Path=/"}
        return web.json_response({"session": sid}, headers=cookie)

    async def me(self, request: web.Request) -> web.Response:
        known = request.headers.get("X-Session") in self.sessions
        return web.json_response({"user": "alice"}, status=200 if known else 401)

    async def logout(self, request: web.Request) -> web.Response:
        self.sessions.discard(request.headers["X-Session"])
        return web.Response()

    @property
    def handlers(self) -> dict[str, Any]:
        return {"post_in": self.login, "get_me": self.me, "post_out": self.logout}


async def test_a_replica_presents_what_its_client_held_after_that_has_left() -> None:
    async with speaking(recipe(SHOP), **Shop().handlers) as alice:
        assert (await alice.me()).who == "nobody"
        await alice.login()
        replica = alice.replica()
        assert [(await one.me()).recognised for one in (alice, replica)] == [True, True]
        assert replica.cookies == alice.cookies
        await alice.logout()
        assert [(await one.me()).who for one in (alice, replica)] == ["nobody", "nobody"]
        await replica.close()


async def test_who_forgets_is_nobody_and_who_is_copied_is_somebody() -> None:
    async with (
        speaking(recipe(SHOP), **Shop().handlers) as alice,
        client(alice.url, ClientNetwork()) as _,
    ):
        await alice.login()
        alice.present("somebody's")
        assert (await alice.me()).who == "nobody"
        await alice.login()
        alice.forget()
        assert ((await alice.me()).who, alice.cookies, alice.token) == ("nobody", {}, None)


async def test_no_secret_is_ever_written_down() -> None:
    history, events = History(), list[object]()
    shop = Shop()
    async with speaking(recipe(SHOP), history, **shop.handlers) as alice:
        alice._records._events.listen(events.append)
        told = [await alice.login(), await alice.me()]
        person = type(ALICE)("mallory", "a-wrong-password")
        async with speaking(recipe(SHOP), history, person=person, **shop.handlers) as mallory:
            told += [await mallory.try_login(), await mallory.me()]
        said = [answer.said for answer in told]
    written = history.to_jsonl() + repr(said) + repr(events) + repr(told) + repr(alice)
    for secret in (ALICE.password, "a-wrong-password", "a-session-0", "a-session-0-dark"):
        assert secret not in written
    assert said[0] == "POST /in → 200 JSON (session)"
    assert told[0].set_cookies == ["theme; Path=/"]


async def test_who_answered_is_known_by_the_recipe_or_else_by_our_balancer() -> None:
    explained = {"X-Balancer": "backend=n2; affinity=VN", "X-Served-By": "copy-7"}
    me = answers(text='{"user": "alice"}', headers=explained)
    for more, node in (({}, "n2"), ({"node": {"header": "x-served-by"}}, "copy-7")):
        async with speaking(recipe("", **more), get_me=me) as alice:
            operation = (await alice.me()).operation
        assert (operation.node, operation.verdict) == (node, "VN")


async def test_of_a_client_that_connects_and_logs_in_only_that_begins_a_session() -> None:
    text = "[connect]\npost = '/hello'\nexpect = 200\n[login]\npost = '/in'\n"
    for status, expected in (
        (200, [("connect", False), ("login", True)]),
        (503, [("connect", True)]),
    ):
        history = History()
        hello = answers(status)
        async with speaking(recipe(text), history, post_hello=hello, post_in=answers()) as alice:
            await alice.try_login()
        assert [(op.conversation, op.enters) for op in history] == expected


async def test_the_credential_is_the_app_s_cookie_and_not_the_balancer_s(make: Make) -> None:
    async with make("memory", nodes=2, affinity="cookie") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        assert len(alice.cookies) == 2
        assert alice.credential == alice.cookies["sid"]
        assert alice.token is None


async def test_who_closes_closes_what_was_made_of_it_too() -> None:
    shop = Shop()
    async with speaking(recipe(SHOP), **shop.handlers) as alice:
        await alice.login()
        replica = alice.replica()
        assert (await replica.me()).recognised
    assert replica.wire.closed
