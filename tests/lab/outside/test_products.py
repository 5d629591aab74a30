"""Whose cookie it is, by its name."""

from __future__ import annotations

import pytest

from sessionlab.lab.outside.products import COOKIES, NODE_HEADERS, product_of, route_of
from sessionlab.lab.outside.seen import set_cookie


@pytest.mark.parametrize(
    ("cookie", "product"),
    [
        ("AWSALB", "AWS Application Load Balancer"),
        ("AWSALBCORS", "AWS Application Load Balancer"),
        ("AWSALBAPP-0", "AWS Application Load Balancer"),
        ("AWSELB", "AWS Classic Load Balancer"),
        ("INGRESSCOOKIE", "ingress-nginx"),
        ("SERVERID", "HAProxy"),
        ("BIGipServerpool_shop", "F5 BIG-IP"),
        ("ARRAffinitySameSite", "Azure App Service (ARR)"),
        ("GCLB", "Google Cloud load balancing"),
        ("_traefik_backend", "Traefik"),
        ("lb", "Caddy"),
        ("NSC_shop", "Citrix NetScaler"),
        ("incap_ses_1_2", "Imperva (Incapsula)"),
        ("X-Oracle-BMC-LBS-Route", "Oracle Cloud load balancer"),
        ("__cflb", "Cloudflare Load Balancing"),
        ("SESSIONLAB_orders", "sessionlab's own balancer"),
        ("sessionid", None),
        ("sid", None),
        ("JSESSIONID", None),
    ],
)
def test_a_product_is_known_by_its_cookie(cookie: str, product: str | None) -> None:
    found = product_of(cookie)
    assert (found and found.name) == product


def test_every_product_has_a_source() -> None:
    assert all(one.source for one in COOKIES)


def test_a_servlet_s_session_tells_its_node() -> None:
    assert route_of("JSESSIONID", "8A3F00C1.tomcat2") == "tomcat2"
    assert route_of("JSESSIONID", "8A3F00C1") is None
    assert route_of("sid", "a.b") is None


def test_headers_that_tell_the_node_are_known() -> None:
    assert NODE_HEADERS.fullmatch("x-served-by")
    assert not NODE_HEADERS.fullmatch("x-request-id")


def test_a_cookie_is_read_without_its_value_and_a_deletion_is_none() -> None:
    cookie = set_cookie("sid; Path=/; HttpOnly; SameSite=Lax")
    assert cookie.attributes == {"path": "/", "httponly": "", "samesite": "Lax"}
    assert not cookie.is_deleted
    assert set_cookie("sid; Max-Age=0").is_deleted
    assert set_cookie("sid; Expires=Thu, 01 Jan 1970 00:00:00 GMT").is_deleted
