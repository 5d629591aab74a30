"""`--on-store-down`: what becomes of a browser's cookie while the store is away."""

from tests.nodes.running import cookie, running
from tests.nodes.valkey import Valkey

CLEARED = "sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"


async def test_error_is_503_and_touches_no_cookie(own_valkey: Valkey) -> None:
    async with running(strategy="redis", redis_url=own_valkey.url, redis_timeout=5.0) as node:
        held = cookie((await node.client.login()).cookie)
        own_valkey.stop()
        answer = await node.client.get("/me", held)
        assert (answer.status, answer.code) == (503, "store-unreachable")
        assert "Set-Cookie" not in answer.headers


async def test_logout_is_401_and_clears_the_cookie(own_valkey: Valkey) -> None:
    wanted = {"strategy": "redis", "redis_url": own_valkey.url, "redis_timeout": 5.0}
    async with running(**wanted, on_store_down="logout") as node:
        login = await node.client.login()
        held = cookie(login.cookie)
        assert (await node.client.get("/me", held)).status == 200
        own_valkey.stop()
        for answer in (
            await node.client.get("/me", held),
            await node.client.get("/cart", held),
            await node.client.post("/cart", {"item": "x"}, held),
        ):
            assert (answer.status, answer.code) == (401, "session-unknown")
            assert answer.headers["Set-Cookie"] == CLEARED
            assert "WWW-Authenticate" in answer.headers


async def test_logout_clears_nothing_when_the_store_answers_or_nobody_asks(valkey: Valkey) -> None:
    wanted = {"strategy": "redis", "redis_url": valkey.url, "redis_timeout": 5.0}
    async with running(**wanted, on_store_down="logout") as node:
        for held in ({}, cookie("made-up"), cookie("x" * 43)):
            answer = await node.client.get("/me", held)
            assert answer.status == 401
            assert "Set-Cookie" not in answer.headers


async def test_logout_is_no_excuse_for_a_login_that_cannot_be_kept(own_valkey: Valkey) -> None:
    wanted = {"strategy": "redis", "redis_url": own_valkey.url, "redis_timeout": 5.0}
    async with running(**wanted, on_store_down="logout") as node:
        own_valkey.stop()
        assert (await node.client.login()).status == 503
