"""A browser at `/`: who is told what, the forms, and what another site's page cannot do."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from sessionlab.nodes.errors import Problem
from sessionlab.nodes.web.browser import check_own_page, wants_html
from tests.nodes.running import PASSWORD, Answer, Running, cookie, running
from tests.nodes.valkey import Valkey

# What Firefox 128 sends.
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FORM = {**HTML, "Content-Type": "application/x-www-form-urlencoded"}
OWN = {"Sec-Fetch-Site": "same-origin"}
ALICE = {"do": "login", "username": "alice", "password": PASSWORD}
LOGOUT = {"do": "logout"}


def cart(item: str) -> dict[str, str]:
    return {"do": "cart", "item": item}


async def post(
    node: Running, fields: Mapping[str, str], headers: Mapping[str, str] = OWN
) -> Answer:
    """Send a form, and follow no redirect."""
    body = urlencode(fields).encode()
    url = f"{node.client.url}/"
    async with node.client.http.post(
        url, data=body, headers={**FORM, **headers}, allow_redirects=False
    ) as found:
        return Answer(found.status, found.headers, await found.text())


async def logged_in(node: Running) -> dict[str, str]:
    """The header with alice's cookie, by the form."""
    answer = await post(node, ALICE)
    assert (answer.status, answer.headers["Location"]) == (303, "?"), answer
    return cookie(answer.cookie)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (HTML["Accept"], True),
        ("text/html", True),
        ("TEXT/HTML ; Q=0.5", True),
        ("application/json;q=0.5, text/html", True),
        ("text/html;q=0.5, application/json", False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("text/html;q=nan", False),
        (",;q=,;;==,text", False),
    ],
)
def test_the_page_is_for_who_names_html_and_likes_it(accept: str, html: bool) -> None:
    assert wants_html(accept) is html


@pytest.mark.parametrize("options", [{}, {"strategy": "jwt", "jwt_transport": "cookie"}])
async def test_a_browser_logs_in_fills_its_cart_and_logs_out(options: dict[str, Any]) -> None:
    async with running(**options, id="n7") as node:
        nobody = await node.client.get("/", HTML)
        assert nobody.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<h1>n7</h1>" in nobody.text
        assert "You are nobody" in nobody.text
        held = await logged_in(node)
        added = await post(node, cart("<b>böok</b>"), {**OWN, **held})
        held = cookie(added.cookie) if "Set-Cookie" in added.headers else held
        somebody = await node.client.get("/", {**HTML, **held})
        assert "You are alice" in somebody.text
        assert "<li>&lt;b&gt;böok&lt;/b&gt;</li>" in somebody.text
        out = await post(node, LOGOUT, {**OWN, **held})
        assert (out.status, out.cookie) == (303, "")


async def test_a_browser_is_told_why_its_cookie_is_not_taken() -> None:
    async with running() as one, running(id="n2") as other:
        held = await logged_in(one)
        answer = await other.client.get("/", {**HTML, **held})
        assert answer.status == 200
        assert "n2 does not take it: <strong>session unknown here</strong>" in answer.text
        two = await other.client.get("/", {**HTML, "Cookie": "sid=a; sid=b"})
        assert "more than one credential" in two.text
        refused = await post(other, cart("x"), {**OWN, **held})
        assert (refused.status, "401: session unknown here" in refused.text) == (401, True)


async def test_a_store_that_is_gone_is_said_and_logs_nobody_out(own_valkey: Valkey) -> None:
    async with running(strategy="redis", redis_url=own_valkey.url) as node:
        held = await logged_in(node)
        own_valkey.stop()
        answer = await node.client.get("/", {**HTML, **held})
        assert "You are nobody" not in answer.text
        assert "cannot be told" in answer.text
        assert "Set-Cookie" not in answer.headers
        refused = await post(node, LOGOUT, {**OWN, **held})
        assert (refused.status, "Set-Cookie" in refused.headers) == (503, False)


async def test_where_a_browser_cannot_keep_the_token_the_page_says_so() -> None:
    async with running(strategy="jwt") as node:
        answer = await node.client.get("/", HTML)
        assert "cannot log in here with a browser" in answer.text
        assert "password" not in answer.text
        refused = await post(node, ALICE)
        assert (refused.status, "access_token" in refused.text) == (409, False)


async def test_others_get_what_they_always_did() -> None:
    async with running() as node:
        for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
            answer = await node.client.get("/", headers)
            assert answer.json["auth"] == "no-credential"
            assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
    ],
)
async def test_a_form_on_another_site_s_page_does_nothing(headers: dict[str, str]) -> None:
    async with running() as node:
        held = await logged_in(node)
        for fields in (ALICE, LOGOUT, cart("x")):
            answer = await post(node, fields, {**held, **headers})
            assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)
            assert "another site" in answer.text
        still = await node.client.get("/cart", held)
        assert still.json["items"] == []


@pytest.mark.parametrize(
    ("name", "own", "other"),
    [
        ("Sec-Fetch-Site", "same-origin", "cross-site"),
        ("Origin", "http://own.example", "https://elsewhere.example"),
    ],
)
def test_of_several_sites_all_must_be_its_own(name: str, own: str, other: str) -> None:
    for said in ([own, other], [other, own]):
        headers = CIMultiDict([("Host", "own.example"), *((name, one) for one in said)])
        with pytest.raises(Problem):
            check_own_page(make_mocked_request("POST", "/", headers))


async def test_a_browser_without_sec_fetch_site_says_where_the_form_stood() -> None:
    async with running() as node:
        own = {"Origin": node.client.url}
        assert (await post(node, ALICE, own)).status == 303
        assert (await post(node, ALICE, {})).status == 303  # curl says neither


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"do=login&username=alice&password=wrong", 401, "wrong user name or password"),
        (b"do=login&username=alice", 400, "password"),
        (b"do=fly", 400, "must be login, logout or cart"),
        (b"", 400, "must be login, logout or cart"),
        (b"do=login&do=logout", 400, "twice"),
        (b"\xff\xfe=\x00", 400, "not a form"),
        (b"do=%ff", 400, "not a form"),
        (b"&".join(b"f%d=" % number for number in range(50)), 400, "not a form"),
        (b"do=" + b"x" * 20_000, 413, "at most"),
    ],
)
async def test_a_bad_form_is_answered_with_what_is_wrong(
    body: bytes, status: int, says: str
) -> None:
    async with running() as node:
        answer = await node.client.send("POST", "/", headers={**FORM, **OWN}, body=body)
        assert (answer.status, says in answer.text) == (status, True), answer.text
        assert answer.headers["Content-Type"].startswith("text/html")
        machine = {"Content-Type": FORM["Content-Type"]}
        answer = await node.client.send("POST", "/", headers=machine, body=body)
        assert (answer.status, answer.json["status"]) == (status, status)


async def test_the_api_takes_no_forms_and_the_page_no_json() -> None:
    async with running() as node:
        for path in ("/login", "/cart", "/logout"):
            answer = await node.client.send("POST", path, headers=FORM, body=b"do=logout")
            assert answer.status in (401, 415), path
        assert (await node.client.post("/", ALICE)).code == "media-type-unsupported"
        put = await node.client.send("PUT", "/", headers=HTML)
        assert (put.status, put.headers["Allow"]) == (405, "GET,HEAD,POST")


@given(
    accept=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    held=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    body=st.binary(max_size=80) | st.text(max_size=20).map(lambda x: urlencode({x: x}).encode()),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_garbage_is_answered_and_never_a_failure(accept: str, held: str, body: bytes) -> None:
    async with running() as node:
        for wanted in (f"text/html,{accept}", accept):
            headers = {"Accept": wanted, **cookie(held)}
            assert (await node.client.get("/", headers)).status == 200
            form = {**headers, "Content-Type": FORM["Content-Type"]}
            assert (await node.client.send("POST", "/", headers=form, body=body)).status == 400
