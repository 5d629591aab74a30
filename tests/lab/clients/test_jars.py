"""Cookies that one part of a cluster sets are presented to every other."""

from __future__ import annotations

import pytest
from aiohttp import web
from yarl import URL

from sessionlab.lab.clients.jars import FROM_ELSEWHERE, BrowserJar, OneSite, jar_for
from tests.lab.clients.speaking import answers, recipe, speaking

BALANCER = "http://198.18.0.2:8080"
NODE = "http://198.18.0.3:8080/me"


async def test_what_the_balancer_set_goes_to_a_node_and_the_other_way_round() -> None:
    jar = OneSite(BALANCER)
    jar.update_cookies_from_headers(["sid=1; Path=/; HttpOnly"], URL(BALANCER))
    assert [*jar.filter_cookies(URL(NODE))] == ["sid"]
    jar.update_cookies({"cart": "2"}, URL(NODE))
    jar.update_cookies_from_headers(["sid=3; Path=/"], URL(NODE))
    held = jar.filter_cookies(URL(BALANCER))
    assert {name: morsel.value for name, morsel in held.items()} == {"sid": "3", "cart": "2"}


async def test_a_path_and_https_still_matter() -> None:
    jar = OneSite(BALANCER)
    jar.update_cookies_from_headers(["shop=1; Path=/shop", "safe=1; Path=/; Secure"], URL(BALANCER))
    assert [*jar.filter_cookies(URL(NODE))] == []
    assert [*jar.filter_cookies(URL("http://198.18.0.3/shop/me"))] == ["shop"]
    assert [*jar.filter_cookies(URL("https://198.18.0.3/me"))] == ["safe"]


TLS, PLAIN = URL("https://shop.test/a/b"), URL("http://shop.test/a/b")


@pytest.mark.parametrize(
    ("line", "url", "kept"),
    [
        ("a=1", PLAIN, True),
        ("a=1; Secure", TLS, True),
        ("a=1; Secure", PLAIN, False),
        ("a=1; SameSite=None", TLS, False),
        ("a=1; SameSite=None; Secure", TLS, True),
        ("__Secure-a=1", TLS, False),
        ("__Secure-a=1; Secure", TLS, True),
        ("__secure-a=1", TLS, False),
        ("__Host-a=1; Secure; Path=/", TLS, True),
        ("__Host-a=1; Secure", TLS, False),
        ("__Host-a=1; Secure; Path=/; Domain=shop.test", TLS, False),
        (f"a={'x' * 4095}", TLS, True),
        (f"a={'x' * 4096}", TLS, False),
        ("a=1; Domain=other.test", TLS, False),
        ("a=1; Max-Age=0", TLS, False),
    ],
)
async def test_a_browser_keeps_what_it_may(line: str, url: URL, *, kept: bool) -> None:
    jar = BrowserJar(str(url))
    jar.update_cookies_from_headers([line], url)
    assert bool(list(jar)) is kept


async def test_a_browser_replaces_a_secure_cookie_over_tls_only() -> None:
    jar = BrowserJar(str(TLS))
    jar.update_cookies_from_headers(["a=1; Secure; Path=/"], TLS)
    jar.update_cookies_from_headers(["a=2; Path=/"], PLAIN)
    assert [cookie.value for cookie in jar] == ["1"]
    assert not jar.filter_cookies(PLAIN)


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("", {"lax", "strict", "none", "unsaid"}),
        ("GET", {"lax", "none", "unsaid"}),
        ("POST", {"none"}),
    ],
)
async def test_what_another_site_leads_to_carries_what_its_cookies_allow(
    method: str, sent: set[str]
) -> None:
    jar = BrowserJar(str(TLS))
    lines = [f"{kind}=1; SameSite={kind.title()}; Secure" for kind in ("lax", "strict", "none")]
    jar.update_cookies_from_headers([*lines, "unsaid=1"], TLS)
    token = FROM_ELSEWHERE.set(method)
    assert set(jar.filter_cookies(TLS)) == sent
    FROM_ELSEWHERE.reset(token)


async def test_hosts_that_are_somebody_else_s_have_cookies_of_their_own() -> None:
    jar = OneSite(BALANCER, ["id.test:8443"])
    jar.update_cookies_from_headers(["sid=theirs; Path=/"], URL("https://id.test:8443/in"))
    jar.update_cookies_from_headers(["sid=ours; Path=/"], URL(NODE))
    assert jar.filter_cookies(URL("https://id.test:8443/"))["sid"].value == "theirs"
    assert jar.filter_cookies(URL(BALANCER))["sid"].value == "ours"


@pytest.mark.parametrize(("kind", "sent"), [("plain", True), ("browser", True), ("no-jar", False)])
async def test_what_sort_of_client_it_is_decides_what_it_sends(kind: str, *, sent: bool) -> None:
    async def me(request: web.Request) -> web.Response:
        keys = ("Cookie", "Origin", "Referer", "X-Token")
        return web.json_response({key: request.headers.get(key) for key in keys})

    said = recipe(
        "[login]\npost = '/in'\ntake.sid = {cookie = 'sid'}\n"
        "[me]\npost = '/me'\nuser = {json = 'X-Token'}\nheaders = {X-Token = '{sid}'}",
        client={"kind": kind},
        identity="{sid}",
    )
    login = answers(headers={"Set-Cookie": "sid=s-1; Path=/; HttpOnly"})
    async with speaking(said, post_in=login, post_me=me) as alice:
        first = await alice.login()
        answer = await alice.me()
        base = str(alice.url)
    assert answer.recognised
    assert first.set_cookies == ["sid; Path=/; HttpOnly"]
    of_a_browser = (base, f"{base}/in") if kind == "browser" else (None, None)
    assert (answer.body["Origin"], answer.body["Referer"]) == of_a_browser
    assert answer.body["Cookie"] == ("sid=s-1" if sent else None)


NONSENSE = ["", "=", "=x", ";;;", "a b=c", "\udcff=1", "bad=\udcff\udc80; path", "k{}[]=1"]


@pytest.mark.parametrize("kind", ["plain", "browser"])
async def test_nonsense_is_passed_over_and_what_comes_beside_it_is_kept(kind: str) -> None:
    jar = jar_for(recipe("", client={"kind": kind}), "http://127.0.0.1:80")
    odd = "d=1; expires=garbage; max-age=zz"
    jar.update_cookies_from_headers(
        [*NONSENSE, odd, "sid=x; expires=Thu, 99 Foo 2099; samesite=?; Path"],
        URL("http://127.0.0.1:80"),
    )
    assert {cookie.key for cookie in jar} == {"d", "sid"}
    list(jar.filter_cookies(URL("http://127.0.0.1:80")).items())
