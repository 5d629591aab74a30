"""Apps as others have written them, each with a way of its own to say who one is."""

from __future__ import annotations

import base64
import json
import secrets
from collections import defaultdict
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

PASSWORD = "pw"


class Sessions:
    """Who is behind an id, and what they have."""

    def __init__(self) -> None:
        self.users: dict[str, str] = {}
        self.items: defaultdict[str, list[str]] = defaultdict(list)

    def begin(self, user: str, password: str) -> str:
        """The id; raises HTTPForbidden."""
        if password != PASSWORD:
            raise web.HTTPForbidden
        name = secrets.token_urlsafe()
        self.users[name] = user
        return name

    def user(self, name: str | None) -> str:
        """Raises HTTPUnauthorized."""
        if name not in self.users:
            raise web.HTTPUnauthorized
        return self.users[name]


def basic() -> web.Application:
    """Every request has name and password; notes are lines of text."""
    notes: defaultdict[str, list[str]] = defaultdict(list)

    def user(request: web.Request) -> str:
        scheme, _, said = request.headers.get("Authorization", "").partition(" ")
        name, _, password = base64.b64decode(said).decode().partition(":")
        if scheme != "Basic" or password != PASSWORD:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})
        return name

    async def me(request: web.Request) -> web.Response:
        return web.Response(text=f"You are {user(request)}.\n")

    async def put(request: web.Request) -> web.Response:
        notes[user(request)].append(request.match_info["note"])
        return web.Response(status=201)

    async def read(request: web.Request) -> web.Response:
        return web.Response(text="".join(f"- {note}\n" for note in notes[user(request)]))

    return app_of(("GET", "/me", me), ("PUT", "/notes/{note}", put), ("GET", "/notes", read))


def header() -> web.Application:
    """The session's id comes and goes in a header of the app's own."""
    sessions = Sessions()

    async def begin(request: web.Request) -> web.Response:
        said = await request.json()
        name = sessions.begin(said["login"], said["secret"])
        return web.Response(status=201, headers={"X-Session": name})

    async def me(request: web.Request) -> web.Response:
        user = sessions.user(request.headers.get("X-Session"))
        return web.json_response({"session": {"owner": [{"login": user}]}})

    async def patch(request: web.Request) -> web.Response:
        user = sessions.user(request.headers.get("X-Session"))
        sessions.items[user].extend((await request.json())["add"])
        return web.json_response({"items": sessions.items[user]})

    async def end(request: web.Request) -> web.Response:
        sessions.users.pop(request.headers.get("X-Session", ""), None)
        return web.Response(status=204)

    return app_of(
        ("POST", "/session", begin),
        ("GET", "/session", me),
        ("PATCH", "/session/items", patch),
        ("DELETE", "/session", end),
    )


def query() -> web.Application:
    """The id is given in JSON inside of JSON and taken from the query; it is 200 for nobody too."""
    sessions = Sessions()

    async def login(request: web.Request) -> web.Response:
        said = json.loads(await request.text())
        try:
            name = sessions.begin(said["user"], said["password"])
        except web.HTTPForbidden:
            return web.json_response({"error": "no such user"})
        return web.json_response({"parts": [{}, {"text": json.dumps({"id": name})}]})

    async def me(request: web.Request) -> web.Response:
        user = sessions.users.get(request.query.get("key", ""))
        shown = None if user is None else f"{user.title()} the Great"
        return web.json_response({"user": shown, "items": sessions.items[user or ""]})

    async def add(request: web.Request) -> web.Response:
        user = sessions.user(request.query.get("key"))
        sessions.items[user].append(request.query["item"])
        return web.json_response({"ok": True})

    async def logout(request: web.Request) -> web.Response:
        sessions.users.pop(request.query.get("key", ""), None)
        return web.json_response({"ok": True})

    return app_of(
        ("POST", "/login", login),
        ("GET", "/me", me),
        ("POST", "/add", add),
        ("POST", "/logout", logout),
    )


def handshake() -> web.Application:
    """First a connection, which one logs in on; who has none is told 404, who is nobody 302."""
    sessions, connections = Sessions(), dict[str, str]()

    def connection(request: web.Request) -> str:
        name = request.match_info["connection"]
        if name not in connections:
            raise web.HTTPNotFound
        return name

    async def connect(_: web.Request) -> web.Response:
        name = secrets.token_urlsafe()
        connections[name] = ""
        return web.Response(status=201, headers={"Location": f"/c/{name}"}, text=name)

    async def login(request: web.Request) -> web.Response:
        said = await request.post()
        sessions.begin(str(said["user"]), str(said["password"]))
        connections[connection(request)] = str(said["user"])
        return web.Response(status=204)

    async def me(request: web.Request) -> web.Response:
        user = connections[connection(request)]
        if not user:
            raise web.HTTPFound("https://login.example/")
        return web.Response(headers={"X-User": user}, body=b"\xff\xfe")

    async def logout(request: web.Request) -> web.Response:
        connections[connection(request)] = ""
        return web.Response(status=204)

    at = "/c/{connection}"
    return app_of(
        ("POST", "/c", connect),
        ("POST", f"{at}/login", login),
        ("GET", f"{at}/me", me),
        ("POST", f"{at}/logout", logout),
    )


def app_of(*routes: tuple[str, str, Handler]) -> web.Application:
    app = web.Application()
    for method, path, handler in routes:
        app.router.add_route(method, path, handler)
    return app
