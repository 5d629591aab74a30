"""A shop as it may be found outside: several nodes behind one address, its faults as switches."""

from __future__ import annotations

import asyncio
import secrets
import threading
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aiohttp import web

from sessionlab.lab.recipes.reading import parse

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from sessionlab.lab.recipes.model import Recipe

RECIPE = """
name = "shop"
[users]
pattern = "user{number}"
password = "open-sesame"
[login]
post = "/login"
form = {username = "{user}", password = "{password}"}
[me]
get = "/me"
user = {json = "user"}
[write]
post = "/cart"
json = {item = "{item}"}
[read]
get = "/cart"
items = {json = "items"}
[logout]
post = "/logout"
"""
FLAGS = {"httponly": True, "samesite": "Lax"}


def recipe(**more: object) -> Recipe:
    """The shop's, as a table that was read."""
    return parse({**tomllib.loads(RECIPE), **more}, Path("shop.toml")).base


@dataclass
class Shop:
    """`shared`: all nodes know a session; `copies`: each reads its own copy of the data."""

    nodes: int = 3
    shared: bool = True
    copies: bool = False
    affinity: str = ""
    fixed_id: bool = False
    fixed_from: str = "/me"
    keeps_after_logout: bool = False
    tells_node: bool = True
    everybody: bool = False
    password: str = "open-sesame"
    flags: dict[str, object] = field(default_factory=lambda: dict(FLAGS))
    cookie: str = "sid"
    token: str = ""
    too_many: int = 0
    """From which request on it answers 429, twice."""
    down: bool = False
    frozen: bool = False
    circle: bool = False
    hangs_from: int = 1_000_000
    asked: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turn = cycle([f"n{number + 1}" for number in range(self.nodes)])
        self.sessions: dict[str, dict[str, str]] = defaultdict(dict)
        self.carts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def control(self, what: str) -> None:
        """What a deploy does: `forget` what is in memory, `freeze`, be `down`, be `up` again."""
        if what == "forget":
            self.sessions.clear()
        elif what == "freeze":
            self.frozen = True
        else:
            self.down = what == "down"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/control/"):
            self.control(request.path.removeprefix("/control/"))
            return web.Response()
        self.asked.append(f"{request.method} {request.path}")
        self.at.append(asyncio.get_running_loop().time())
        while self.frozen:
            await asyncio.sleep(0.02)
        if len(self.asked) >= self.hangs_from:
            await asyncio.sleep(5)
        if self.circle:
            raise web.HTTPFound("/me")
        if self.down:
            return web.Response(status=503)
        if self.too_many and self.too_many <= len(self.asked) < self.too_many + 2:
            return web.Response(status=429, headers={"Retry-After": "1"})
        node = request.cookies.get(self.affinity, "") or next(self._turn)
        answer = await self._answer(request, node)
        if self.tells_node:
            answer.headers["X-Served-By"] = node
        if self.affinity and self.affinity not in request.cookies:
            answer.set_cookie(self.affinity, node)
        return answer

    async def _answer(self, request: web.Request, node: str) -> web.Response:
        sessions = self.sessions["all" if self.shared else node]
        sid = request.cookies.get(self.cookie, "")
        if request.method == "POST" and request.path == "/login":
            return await self._login(request, sessions, sid)
        user = "user1" if self.everybody else sessions.get(sid)
        if user is None:
            answer = web.json_response({}, status=401)
            if self.fixed_id and not sid and request.path == self.fixed_from:
                answer.set_cookie(self.cookie, secrets.token_hex(8), **self.flags)  # type: ignore[arg-type]
            return answer
        cart = self.carts[node if self.copies else "all"][sid]
        if request.path == "/logout":
            if not self.keeps_after_logout:
                sessions.pop(sid, None)
            answer = web.json_response({})
            answer.del_cookie(self.cookie)
            return answer
        if request.method == "POST":
            cart.append((await request.json())["item"])
        return web.json_response({"user": user, "items": cart})

    async def _login(
        self, request: web.Request, sessions: dict[str, str], sid: str
    ) -> web.Response:
        said = await request.post()
        if said["password"] != self.password:
            return web.Response(status=200, text="<title>Log in</title>")
        sid = sid if self.fixed_id and sid else secrets.token_hex(8)
        sessions[sid] = str(said["username"])
        answer = web.json_response({})
        answer.set_cookie(self.cookie, sid, **self.flags)  # type: ignore[arg-type]
        if self.token:
            answer.set_cookie("access", self.token, httponly=True)
        return answer


class Served:
    """A shop (or any handler) on a port of its own, in a thread of its own."""

    def __init__(self, shop: Shop | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.shop = shop or Shop()
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.shop.frozen = False
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> int:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.shop.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port


def written(folder: Path, text: str = RECIPE) -> Path:
    """The recipe as a file."""
    path = folder / "sessionlab.toml"
    path.write_text(text, encoding="utf-8")
    return path
