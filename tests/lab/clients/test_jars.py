"""Cookies that one part of a cluster sets are presented to every other."""

from __future__ import annotations

from yarl import URL

from sessionlab.lab.clients.jars import OneSite

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
