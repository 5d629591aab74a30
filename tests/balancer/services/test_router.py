"""Which service gets a request."""

from __future__ import annotations

import pytest

from sessionlab.balancer.config.parsing import parse_route
from sessionlab.balancer.services.router import Router
from tests.field import field


def service(route: str, host: bytes, path: bytes = b"/") -> str | None:
    found = Router([parse_route(route)], None).find(host, path)
    return None if found is None else found.service


@pytest.mark.parametrize("route", ["shop.example/=shop", "Shop.Example./=shop"])
@pytest.mark.parametrize(
    "host",
    [
        b"shop.example",
        b"SHOP.example.",
        b"shop.example:",
        b"shop.example:8080",
        b"shop.example.:1",
    ],
)
@field(
    "http",
    sources="RFC 3986 3.2, traefik/traefik#4622, projectcontour/contour#6334",
    peers="nginx strips the dot",
)
def test_a_final_dot_and_a_port_make_no_other_host(route: str, host: bytes) -> None:
    assert service(route, host) == "shop"


@pytest.mark.parametrize("host", [b"example", b"ashop.example", b"shop.example..", b""])
def test_another_host_is_another_one(host: bytes) -> None:
    assert service("shop.example/=shop", host) is None


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (b"/app", "app"),
        (b"/app/x", "app"),
        (b"/app;jsessionid=1", "app"),
        (b"/app;jsessionid=1/x", "app"),
        (b"/apple", None),
        (b"/%61pp", None),
    ],
)
@field("http", sources="RFC 3986 3.3")
def test_parameters_of_a_segment_make_no_other_path(path: bytes, found: str | None) -> None:
    assert service("/app=app", b"a", path) == found
