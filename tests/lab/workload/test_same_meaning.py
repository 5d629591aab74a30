"""A virtual user says and hears the same as a client of a story, be the case plain or not."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from sessionlab.lab.recipes.demo import demo
from tests.lab.clients.speaking import recipe, serving
from tests.lab.workload.living import REPLAYED, Lived, asked, timeless
from tests.nodes.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.clients.speaking import Handler

ALL = (
    "login",
    "me",
    "read",
    "write",
    "read",
    "me",
    REPLAYED,
    "replay",
    "me",
    "login",
    "me",
    "write",
)
SHOP = """
[login]
post = "/in"
form = {name = "{user}", password = "{password}"}
[write]
post = "/cart/{item}"
json = {item = "{item}", more = ["{item}"]}
[read]
get = "/cart"
items = {json = "items"}
[logout]
post = "/out"
"""
TOKEN = """
[every.headers]
Authorization = "Bearer {token?}"
[login]
post = "/in"
json = {name = "{user}"}
take.token = {json = "token"}
[me]
get = "/me"
user = {json = "user"}
nobody = {status = [401, 403]}
"""


class Shop:
    """Sessions in a cookie; `said` are answers in place of its own, by path, the first first."""

    def __init__(self, **said: list[web.Response]) -> None:
        self.carts: dict[str, list[str]] = {}
        self.heads: list[dict[str, str]] = []
        self.said = {path: iter(answers) for path, answers in said.items()}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        skipped, port = ("Host", "User-Agent", "Accept-Encoding"), f":{request.url.port}"
        head = {
            name: value.replace(port, "")
            for name, value in request.headers.items()
            if name not in skipped
        }
        path = request.path.split("/")[1]
        self.heads.append({"": f"{request.method} {request.path_qs} {body!r}", **head})
        if said := next(self.said.get(path, iter(())), None):
            return said
        return self.own(request, path)

    def own(self, request: web.Request, path: str) -> web.Response:
        if path == "in":
            sid = f"s{len(self.carts)}"
            self.carts[sid] = []
            return web.json_response({}, headers={"Set-Cookie": f"sid={sid}; Path=/"})
        cart = self.carts.get(request.cookies.get("sid", ""))
        if cart is None:
            return web.json_response({"code": "session-unknown"}, status=401)
        if path == "cart" and request.method == "POST":
            cart.append(request.path.rpartition("/")[2])
        if path == "out":
            del self.carts[request.cookies["sid"]]
            return web.Response(headers={"Set-Cookie": "sid=; Max-Age=0; Path=/"})
        return web.json_response({"user": "alice", "items": cart, "version": "2"})

    @property
    def handlers(self) -> dict[str, Handler]:
        names = ("any_in", "any_me", "any_cart", "any_cart__{item}", "any_out", "any_page")
        return dict.fromkeys(names, self.answer)


async def both(said: str, folder: Path, *whats: Any, affinity: str = "", **answers: Any) -> Lived:
    """What was sent, and what was recorded of it, is the same in both."""
    written = recipe(said) if isinstance(said, str) else said
    heads, operations = [], []
    for lives in (False, True):
        shop = Shop(**{path: make() for path, make in answers.items()})
        async with serving(**shop.handlers) as url:
            if lives:
                lived = Lived(written, url, folder, affinity)
                operations.append(await lived.do(*whats))
            else:
                operations.append(await asked(written, url, *whats, affinity=affinity))
        heads.append(shop.heads)
    assert [{**one} for one in heads[1]] == [{**one} for one in heads[0]]
    for mine, theirs in zip(*map(timeless, operations), strict=True):
        assert mine == theirs
    return lived


async def test_a_whole_life_is_the_same_and_mostly_plain(tmp_path: Path) -> None:
    lived = await both(SHOP, tmp_path, *ALL)
    assert lived.slow == ["login", "replay"]  # they take connections


def answer(said: Any = "", status: int = 200, **headers: str) -> web.Response:
    body = said if isinstance(said, bytes) else said if isinstance(said, str) else json.dumps(said)
    raw = body if isinstance(body, bytes) else body.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Type", "application/json")
    return web.Response(body=raw, status=status, headers=named)


ALICES = {"user": "alice", "items": ["alice.1", "bob.7", "7", "x.01"], "token": "t-1"}
ANSWERS: dict[str, dict[str, Any]] = {
    "plain": {"said": ALICES},
    "somebody else": {"said": {"user": "bob", "items": []}},
    "no user": {"said": {"items": {"a": 1, "b": 2}}},
    "a number": {"said": {"user": 7, "items": [1, None, {"a": 2}]}},
    "nothing": {"said": {"user": None, "items": None, "token": None}},
    "a list": {"said": [1, 2]},
    "empty": {"said": ""},
    "no content": {"said": "", "status": 204},
    "cut": {"said": '{"user": "alice", "items": ['},
    "text": {"said": "alice", "Content_Type": "text/plain"},
    "html": {"said": "<title>Log in</title>", "Content_Type": "text/html; charset=utf-8"},
    "not a number": {"said": '{"user": "alice", "items": [NaN]}'},
    "latin-1": {
        "said": '{"user": "ä"}'.encode("latin-1"),
        "Content_Type": "text/html; charset=latin-1",
    },
    "gzip": {"said": gzip.compress(json.dumps(ALICES).encode()), "Content_Encoding": "gzip"},
    "events": {"said": f"data: {json.dumps(ALICES)}\n\n", "Content_Type": "text/event-stream"},
    "cookies": {"said": ALICES, "Set_Cookie": "sid=another; Path=/; Max-Age=1000"},
    "cookie gone": {"said": ALICES, "Set_Cookie": "sid=; Path=/; Max-Age=0"},
    "secure": {"said": ALICES, "Set_Cookie": "other=1; Path=/cart; Secure"},
    "redirect": {"said": "", "status": 302, "Location": "/page"},
    "see other": {"said": "", "status": 303, "Location": "/me"},
    "elsewhere": {"said": "", "status": 302, "Location": "http://example.com/"},
    "nobody": {"said": {"code": "session-unknown"}, "status": 401},
    "problem": {
        "said": {"code": "token-expired", "version": "3"},
        "status": 401,
        "Content_Type": "application/problem+json",
    },
    "forbidden": {"said": ALICES, "status": 403},
    "conflict": {"said": ALICES, "status": 409},
    "broken": {"said": {"code": "x"}, "status": 500, "Content_Type": "application/problem+json"},
    "gateway": {"said": "", "status": 502},
    "explained": {"said": ALICES, "X_Balancer": "backend=n2; affinity=VN; reason=moved"},
    "the balancer's": {"said": "", "status": 503, "X_Balancer": "backend=-; affinity=DN"},
    "node": {"said": {**ALICES, "node": "n3", "version": "7"}, "X_Node": "n2"},
}
RECIPES = {
    "cookie": SHOP,
    "token": SHOP.replace(
        '[login]\npost = "/in"\nform = {name = "{user}", password = "{password}"}', ""
    )
    + TOKEN,
    "node": 'node = {header = "x-node"}\n' + SHOP,
    "node in it": 'node = {json = "node"}\n' + SHOP,
    "expect": SHOP.replace("[write]", "[write]\nexpect = [200, 401]").replace(
        "[read]", "[read]\nexpect = 200"
    ),
    "by body": SHOP + '[me]\nget = "/me"\nuser = {json = "user"}\nnobody = {body = "Log in"}\n',
    "takes": SHOP.replace("[write]", '[write]\ntake.token = {regex = "token.: .([a-z0-9-]+)"}')
    + '[every.headers]\nX-Token = "{token?}"\nX-Sid = "{cookie.sid?}"\n'
    + '[every.query]\nt = "{token?}"\n',
    "connect": '[connect]\npost = "/in"\ntake.sid = {cookie = "sid"}\n'
    '[every.headers]\nX-Sid = "{sid?}"\n' + SHOP,
    "no read": SHOP.partition("[read]")[0],
    "browser": SHOP + '[client]\nkind = "browser"\n',
    "no jar": SHOP + '[client]\nkind = "no-jar"\n',
    "identity": 'identity = "{user.shown}"\n[[users.list]]\nname = "alice"\nshown = "x"\n' + SHOP,
}


@pytest.mark.parametrize("said", ANSWERS)
@pytest.mark.parametrize("path", ["in", "me", "cart", "out"])
async def test_whatever_is_answered_means_the_same(said: str, path: str, tmp_path: Path) -> None:
    """The second answer of its kind, so that a connection is there; and after it all goes on."""
    fields = dict(ANSWERS[said])
    first = [] if path == "out" else [web.json_response(ALICES)]
    both_ways = lambda: [*_copies(first), answer(**fields), answer(**fields)]  # noqa: E731
    does = ("login", "me", "read", "write", *ALL[1:])
    answers: Any = {path: both_ways}
    await both(SHOP, tmp_path, "login", *does, **answers)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    "said", ["plain", "nobody", "problem", "html", "forbidden", "node", "cookies"]
)
async def test_whatever_a_recipe_says_means_the_same(name: str, said: str, tmp_path: Path) -> None:
    again = lambda: [answer(**ANSWERS[said]) for _ in range(3)]  # noqa: E731
    does = ("login", "login", *ALL, *ALL)
    await both(RECIPES[name], tmp_path, *does, me=again, cart=again, affinity="learn:sid")


def _copies(said: list[web.Response]) -> list[web.Response]:
    return [web.json_response(json.loads(one.text or "")) for one in said]


@pytest.mark.parametrize("strategy", ["memory", "jwt"])
async def test_a_life_with_our_own_app_is_the_same(strategy: str, tmp_path: Path) -> None:
    found = []
    for lives in (False, True):
        async with running(strategy=strategy, user_password="a-password-of-hers") as node:
            url = f"http://{node.address}"
            if lives:
                lived = Lived(demo(), url, tmp_path)
                found.append(await lived.do(*ALL))
            else:
                found.append(await asked(demo(), url, *ALL))
    assert timeless(found[1]) == timeless(found[0])
    assert "read" not in lived.slow
