from __future__ import annotations

import base64
import json
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from sessionlab.lab.check.credentials import carries_data, headers
from sessionlab.lab.recipes.reading import parse

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import Recipe

ME = {"post": "/mcp", "user": {"json": "user"}}


def recipe(**more: object) -> Recipe:
    return parse({"name": "shop", "me": ME, **more}, Path("sessionlab.toml")).base


def readable(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_balancer_can_learn_a_header_that_clients_send_back() -> None:
    take = {"sid": {"header": "mcp-session-id"}, "etag": {"header": "etag"}}
    mcp = recipe(
        connect={"post": "/mcp", "take": take}, every={"headers": {"Mcp-Session-Id": "{sid?}"}}
    )
    assert list(headers(mcp)) == ["learn-header:mcp-session-id"]


def test_a_jwt_and_a_signed_cookie_are_data_and_an_id_is_none() -> None:
    assert carries_data([f"{readable({'alg': 'HS256'})}.{readable({'sub': 'a'})}.c2ln"])
    assert carries_data([f"{readable({'user': 'alice', 'cart': []})}.aMxV.4tGc"])
    tornado = "2|1:0|10:1700000000|4:user|8:YWxpY2U=|9f8e7d"
    assert carries_data([tornado], "alice")
    assert not carries_data([tornado], "bob")
    assert not carries_data(["alice-9f8e7d6c"], "alice")
    assert not carries_data([token_urlsafe(32), "s%3A9f8e7d.c2lnbmF0dXJl", readable("user")])
