"""The HTTP contract, on real sockets, with every strategy and transport."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from sessionlab.nodes.stores.sessions import new_id
from sessionlab.nodes.strategies.jwt import JwtStrategy
from sessionlab.nodes.tokens.tokens import Tokens
from sessionlab.nodes.web.edge import parse_networks
from tests.field import field
from tests.nodes.running import Answer, Running, bearer, cookie, running
from tests.nodes.valkey import Valkey

CASES: dict[str, dict[str, Any]] = {
    "memory": {"strategy": "memory"},
    "redis": {"strategy": "redis"},
    "jwt-bearer": {"strategy": "jwt", "jwt_algorithm": "EdDSA"},
    "jwt-cookie": {"strategy": "jwt", "jwt_transport": "cookie"},
}
SESSIONS = ["memory", "redis"]


@pytest.fixture
async def running_case(request: pytest.FixtureRequest, valkey: Valkey) -> AsyncIterator[Running]:
    """A node of the case that the test asks for, or of every case in turn."""
    async with serve(request.param, valkey) as found:
        yield found


def serve(case: str, valkey: Valkey) -> AbstractAsyncContextManager[Running]:
    return running(redis_url=valkey.url, redis_timeout=10.0, **CASES[case])


every_case = pytest.mark.parametrize("running_case", list(CASES), indirect=True)
every_session = pytest.mark.parametrize("running_case", SESSIONS, indirect=True)
every_token = pytest.mark.parametrize("running_case", ["jwt-bearer", "jwt-cookie"], indirect=True)
memory_only = pytest.mark.parametrize("running_case", ["memory"], indirect=True)


def credential(answer: Answer) -> dict[str, str]:
    """The headers that present what a login, or a changed cart, handed over."""
    if "Set-Cookie" in answer.headers:
        return cookie(answer.cookie)
    return bearer(answer.json["access_token"])


def tokens(node: Running) -> Tokens:
    assert isinstance(node.node.strategy, JwtStrategy)
    return node.node.strategy.tokens


def present(node: Running, token: str) -> dict[str, str]:
    """The token by the node's own transport."""
    delivery = node.node.strategy.transport.deliver(token, 1, secure=False)
    return cookie(token) if "Set-Cookie" in delivery.headers else bearer(token)


@every_case
async def test_login_me_cart_logout(running_case: Running) -> None:
    client = running_case.client
    login = await client.login("user-000007")
    assert login.status == 200
    assert login.json["user"] == "user-000007"
    assert login.json["node"] == "n1"
    who = await client.get("/me", credential(login))
    assert who.json == {"user": "user-000007", "node": "n1", "service": "app", "version": "1"}
    assert (await client.get("/cart", credential(login))).json == {"items": [], "node": "n1"}
    added = await client.post("/cart", {"item": "a book — gebunden"}, credential(login))
    assert added.json["items"] == ["a book — gebunden"]
    now = credential(added) if len(added.json) > 2 or "Set-Cookie" in added.headers else None
    held = now or credential(login)
    assert (await client.get("/cart", held)).json["items"] == ["a book — gebunden"]
    out = await client.post("/logout", headers=held)
    assert (out.status, out.text) == (204, "")


@every_case
async def test_without_a_credential_nobody_is_recognised(running_case: Running) -> None:
    client = running_case.client
    for answer in (
        await client.get("/me"),
        await client.get("/cart"),
        await client.post("/cart", {"item": "x"}),
    ):
        assert (answer.status, answer.code) == (401, "no-credential")
        assert answer.json["detail"] == "no credential"
        assert "WWW-Authenticate" in answer.headers
        assert "error=" not in answer.headers["WWW-Authenticate"]


@every_case
async def test_the_front_page_needs_no_credential_and_tells_who_asks(
    running_case: Running,
) -> None:
    client = running_case.client
    nobody = await client.get("/")
    assert (nobody.status, nobody.json["user"], nobody.json["auth"]) == (
        200,
        None,
        "no-credential",
    )
    login = await client.login("carol")
    somebody = await client.get("/", credential(login))
    assert (somebody.json["user"], somebody.json["auth"]) == ("carol", "ok")


@every_case
async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(
    running_case: Running,
) -> None:
    wrong = await running_case.client.login("alice", "wrong")
    unknown = await running_case.client.login("nobody", "wrong")
    assert (wrong.status, wrong.code) == (401, "password-wrong")
    assert wrong.text == unknown.text
    assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"]
    assert "Set-Cookie" not in wrong.headers


@every_case
async def test_every_answer_says_who_gave_it_and_is_not_kept(running_case: Running) -> None:
    client = running_case.client
    login = await client.login()
    for answer in (
        login,
        await client.get("/"),
        await client.get("/me"),
        await client.get("/me", credential(login)),
        await client.get("/nowhere"),
        await client.get("/readyz"),
        await client.send("DELETE", "/me"),
        await client.post("/login", "garbage"),
        await client.send("GET", "/me", headers={"Expect": "x"}),
        await client.post("/logout", headers=credential(login)),
    ):
        assert answer.headers["X-Node"] == "n1", answer
        assert answer.headers["Server-Timing"].startswith("auth;dur="), answer
        assert answer.headers["Cache-Control"] == "no-store", answer
        assert answer.headers["Server"] == "sessionlab"


@memory_only
async def test_server_timing_tells_what_authentication_took(running_case: Running) -> None:
    login = await running_case.client.login()
    took = float(login.headers["Server-Timing"].removeprefix("auth;dur="))
    assert took > 0
    nowhere = await running_case.client.get("/nowhere")
    assert nowhere.headers["Server-Timing"] == "auth;dur=0.000"


@every_session
async def test_the_cookie_has_the_attributes_of_a_session_cookie(running_case: Running) -> None:
    login = await running_case.client.login()
    value = login.cookie
    assert login.headers["Set-Cookie"] == f"sid={value}; Path=/; HttpOnly; SameSite=Lax"
    assert len(value) == 43


@every_session
async def test_a_login_never_adopts_an_id_and_ends_the_one_that_was_presented(
    running_case: Running,
) -> None:
    client = running_case.client
    planted = (await client.login("bob")).cookie
    for presented in (planted, new_id(), "chosen", ""):
        login = await client.login("alice", headers=cookie(presented))
        assert login.cookie != presented
        assert (await client.get("/me", cookie(login.cookie))).json["user"] == "alice"
        assert (await client.get("/me", cookie(presented))).status == 401


@every_session
async def test_a_failed_login_leaves_the_session_of_before_alone(running_case: Running) -> None:
    client = running_case.client
    login = await client.login("alice")
    assert (await client.login("bob", "wrong", credential(login))).status == 401
    assert (await client.get("/me", credential(login))).json["user"] == "alice"


@every_session
async def test_an_id_in_the_url_or_in_a_header_is_nothing(running_case: Running) -> None:
    client = running_case.client
    session = (await client.login()).cookie
    for answer in (
        await client.get(f"/me?sid={session}"),
        await client.get("/me", bearer(session)),
        await client.get("/me", {"sid": session}),
    ):
        assert answer.code == "no-credential"


@every_session
async def test_a_session_that_was_logged_out_is_dead_for_every_copy(running_case: Running) -> None:
    client = running_case.client
    login = await client.login()
    out = await client.post("/logout", headers=credential(login))
    assert out.status == 204
    assert out.headers["Set-Cookie"] == (
        "sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    )
    replay = await client.get("/me", credential(login))
    assert (replay.status, replay.code) == (401, "session-unknown")
    assert replay.json["detail"] == "session unknown here"
    assert "Set-Cookie" not in replay.headers


@every_case
async def test_logout_when_down_twice_or_as_nobody_does_no_harm(running_case: Running) -> None:
    client = running_case.client
    for headers in ({}, cookie("garbage"), bearer("garbage"), cookie(new_id())):
        assert (await client.send("POST", "/logout", headers=headers)).status == 204


@every_token
async def test_a_token_that_was_logged_out_is_alive_for_every_copy(running_case: Running) -> None:
    client = running_case.client
    login = await client.login()
    out = await client.post("/logout", headers=credential(login))
    assert out.status == 204
    assert ("Set-Cookie" in out.headers) == ("Set-Cookie" in login.headers)
    assert (await client.get("/me", credential(login))).json["user"] == "alice"


@every_token
async def test_the_old_token_keeps_the_old_cart(running_case: Running) -> None:
    client = running_case.client
    login = await client.login()
    added = await client.post("/cart", {"item": "book"}, credential(login))
    assert (await client.get("/cart", credential(added))).json["items"] == ["book"]
    assert (await client.get("/cart", credential(login))).json["items"] == []


@every_token
async def test_a_cart_that_outgrows_the_token_is_refused_and_nothing_changes(
    running_case: Running,
) -> None:
    client = running_case.client
    held = credential(await client.login())
    items: list[str] = []
    while True:
        added = await client.post("/cart", {"item": "x" * 250}, held)
        if added.status != 200:
            break
        held = credential(added)
        items.append("x" * 250)
        assert len(held.get("Cookie", held.get("Authorization", ""))) <= 4096 + len("Bearer ")
    assert added.status == 409
    assert added.code in ("cookie-too-large", "token-too-large")
    assert "4096" in added.json["detail"]
    assert "Set-Cookie" not in added.headers
    assert (await client.get("/cart", held)).json["items"] == items
    assert len(items) > 5


async def test_a_bearer_login_hands_over_a_token_with_its_lifetime(valkey: Valkey) -> None:
    async with serve("jwt-bearer", valkey) as node:
        login = await node.client.login()
        assert set(login.json) == {"user", "node", "access_token", "token_type", "expires_in"}
        assert (login.json["token_type"], login.json["expires_in"]) == ("Bearer", 900)
        assert "Set-Cookie" not in login.headers


@every_token
async def test_each_wrong_token_is_a_401_that_says_why(running_case: Running) -> None:
    here = tokens(running_case)
    claims = here.fresh("alice")
    good = here.sign(claims)
    header, payload, signature = good.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"  # {"alg":"none","typ":"at+jwt"}
    expired = replace(here, clock=lambda: 1_000_000.0)
    other = here.sign(claims).split(".")[2]
    wrong = {
        f"{header}.{payload}.{other}": "signature-invalid",
        f"{header}.{payload}": "credential-malformed",
        f"{none}.{payload}.": "algorithm-not-allowed",
        f"{none}.{payload}.{signature}": "algorithm-not-allowed",
        expired.sign(expired.fresh("alice")): "token-expired",
        replace(here, audience="elsewhere").sign(claims): "audience-wrong",
        replace(here, issuer="elsewhere").sign(claims): "issuer-wrong",
        "garbage": "credential-malformed",
    }
    for token, code in wrong.items():
        answer = await running_case.client.get("/me", present(running_case, token))
        assert (answer.status, answer.code) == (401, code)
        challenge = answer.headers["WWW-Authenticate"]
        if challenge.startswith("Bearer"):
            assert 'error="invalid_token"' in challenge
            assert f'error_description="{answer.json["detail"]}"' in challenge
        assert token not in answer.text


@every_token
async def test_a_token_of_a_node_with_another_key_is_refused(
    running_case: Running, valkey: Valkey
) -> None:
    case = "jwt-bearer" if running_case.node.keys.ring.public()["keys"] else "jwt-cookie"
    async with serve(case, valkey) as other:
        login = await other.client.login()
        answer = await running_case.client.get("/me", credential(login))
        assert (answer.status, answer.code) == (401, "key-unknown")


async def test_a_session_in_memory_means_nothing_at_the_next_node(valkey: Valkey) -> None:
    async with serve("memory", valkey) as one, serve("memory", valkey) as other:
        login = await one.client.login()
        assert (await one.client.get("/me", credential(login))).status == 200
        answer = await other.client.get("/me", credential(login))
        assert (answer.status, answer.code) == (401, "session-unknown")


async def test_a_session_in_redis_is_known_to_every_node_and_dead_on_all(valkey: Valkey) -> None:
    async with serve("redis", valkey) as one, serve("redis", valkey) as other:
        held = credential(await one.client.login())
        assert (await other.client.get("/me", held)).json["user"] == "alice"
        await one.client.post("/cart", {"item": "book"}, held)
        assert (await other.client.get("/cart", held)).json["items"] == ["book"]
        await other.client.post("/logout", headers=held)
        assert (await one.client.get("/me", held)).status == 401


async def test_redis_down_is_a_503_that_takes_no_cookie_away(own_valkey: Valkey) -> None:
    async with running(strategy="redis", redis_url=own_valkey.url, redis_timeout=10.0) as node:
        client = node.client
        held = credential(await client.login())
        own_valkey.stop()
        for answer in (
            await client.get("/me", held),
            await client.get("/cart", held),
            await client.post("/cart", {"item": "x"}, held),
            await client.post("/logout", headers=held),
            await client.login("alice", headers=held),
        ):
            assert (answer.status, answer.code) == (503, "store-unreachable")
            assert answer.headers["Retry-After"] == "1"
            assert "Set-Cookie" not in answer.headers
            assert "WWW-Authenticate" not in answer.headers
        # Who asks nothing of the store is served, and the node stays in rotation.
        assert (await client.get("/")).status == 200
        assert (await client.get("/me")).status == 401
        assert (await client.get("/", held)).json["auth"] == "store-unreachable"
        assert (await client.get("/readyz")).status == 200


async def test_redis_that_hangs_is_a_503_in_time_for_everybody(own_valkey: Valkey) -> None:
    store = {"strategy": "redis", "redis_url": own_valkey.url}
    async with (
        running(redis_timeout=10.0, **store) as patient,
        running(redis_timeout=0.1, redis_pool=2, **store) as node,
    ):
        held = credential(await patient.client.login())
        own_valkey.freeze()
        try:
            answers = await asyncio.gather(*(node.client.get("/me", held) for _ in range(10)))
            assert (await node.client.get("/healthz")).status == 200
        finally:
            own_valkey.thaw()
        assert {(answer.status, answer.code) for answer in answers} == {(503, "store-timeout")}


async def test_the_cookie_is_secure_when_a_trusted_proxy_says_that_the_edge_is_tls() -> None:
    tls = {"X-Forwarded-Proto": "https"}
    async with running(trust_proxy=parse_networks("127.0.0.0/8")) as node:
        assert (await node.client.login(headers=tls)).headers["Set-Cookie"].endswith("; Secure")
        out = await node.client.post("/logout", headers=tls)
        assert "; Secure; Max-Age=0" in out.headers["Set-Cookie"]
        assert "Secure" not in (await node.client.login()).headers["Set-Cookie"]
    async with running() as node:
        assert "Secure" not in (await node.client.login(headers=tls)).headers["Set-Cookie"]
    async with running(cookie_secure="always", cookie_name="__Host-sid") as node:
        login = await node.client.login()
        assert login.headers["Set-Cookie"].startswith("__Host-sid=")
        assert login.headers["Set-Cookie"].endswith("; Secure")
        who = await node.client.get("/me", cookie(login.cookie, "__Host-sid"))
        assert who.status == 200


@memory_only
async def test_posts_are_json_and_nothing_else(running_case: Running) -> None:
    body = b'{"username": "alice", "password": "correct horse"}'
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": ""},
    ):
        for path in ("/login", "/logout"):
            answer = await running_case.client.send("POST", path, headers=headers, body=body)
            assert (answer.status, answer.code) == (415, "media-type-unsupported"), headers
    fine = {"Content-Type": "application/json; charset=UTF-8"}
    assert (await running_case.client.send("POST", "/login", headers=fine, body=body)).status == 200


@memory_only
@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({}, "member-missing"),
        ({"username": "alice"}, "member-missing"),
        ({"username": "alice", "password": 7}, "member-missing"),
        ({"username": ["alice"], "password": "x"}, "member-missing"),
        ({"username": "", "password": "x"}, "member-length"),
        ({"username": "a" * 129, "password": "x"}, "member-length"),
        ({"username": "alice", "password": "x" * 1025}, "member-length"),
        ({"username": "\ud800", "password": "x"}, "member-not-unicode"),
        ({"username": "alice", "password": "\udfff"}, "member-not-unicode"),
        ([], "body-not-object"),
    ],
)
async def test_a_malformed_login_is_a_400_that_says_what(
    running_case: Running, document: object, code: str
) -> None:
    answer = await running_case.client.post("/login", document)
    assert (answer.status, answer.code) == (400, code)


@memory_only
async def test_a_body_over_the_limit_is_a_413(running_case: Running) -> None:
    login = await running_case.client.login()
    for chunked in (False, True):
        answer = await oversized(running_case, credential(login), chunked=chunked)
        assert (answer.status, answer.code) == (413, "body-too-large")
        assert "16384" in answer.json["detail"]


async def oversized(node: Running, held: dict[str, str], *, chunked: bool) -> Answer:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1024

    body: Any = pieces() if chunked else b" " * 20480
    headers = {**held, "Content-Type": "application/json"}
    return await node.client.send("POST", "/cart", headers=headers, body=body)


@memory_only
async def test_what_aiohttp_refuses_is_a_problem_document_too(running_case: Running) -> None:
    client = running_case.client
    assert (await client.get("/nowhere")).code == "no-such-resource"
    wrong = await client.send("DELETE", "/cart")
    assert (wrong.status, wrong.code) == (405, "method-not-allowed")
    assert set(wrong.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}
    odd = await client.send("GET", "/me", headers={"Expect": "the unexpected"})
    assert (odd.status, odd.code) == (417, "expectation-failed")


@memory_only
async def test_two_different_cookies_are_refused_and_a_login_mends_nothing_by_guessing(
    running_case: Running,
) -> None:
    client = running_case.client
    session = (await client.login()).cookie
    both = {"Cookie": f"sid={session}; sid={new_id()}"}
    answer = await client.get("/me", both)
    assert (answer.status, answer.code) == (401, "credential-ambiguous")
    assert (await client.login(headers=both)).status == 200
    assert (await client.get("/me", {"Cookie": f"sid={session}; sid={session}"})).status == 200


@field("tokens", sources="RFC 6265 sections 4.2.2 and 8.6, sqlpage/SQLPage#1313")
@every_session
async def test_a_logout_ends_every_session_that_the_request_names(running_case: Running) -> None:
    """Of two cookies of one name a logout ends both sessions, for either may be the user's own."""
    client = running_case.client
    sessions = [(await client.login(user)).cookie for user in ("alice", "bob")]
    both = {"Cookie": "; ".join(f"sid={session}" for session in ("garbage", *sessions))}
    out = await client.send("POST", "/logout", headers=both)
    assert out.status == 204
    assert out.headers["Set-Cookie"].startswith("sid=;")
    for session in sessions:
        assert (await client.get("/me", cookie(session))).code == "session-unknown"


@memory_only
async def test_a_logout_with_more_cookies_than_anybody_has_is_refused(
    running_case: Running,
) -> None:
    client = running_case.client
    session = (await client.login()).cookie
    many = {"Cookie": "; ".join(f"sid={each}" for each in (session, *map(str, range(20))))}
    answer = await client.send("POST", "/logout", headers=many)
    assert (answer.status, answer.code) == (400, "credential-ambiguous")
    assert (await client.get("/me", cookie(session))).status == 200
