"""The page and its modules, which hold no secret: who has no token gets them as well."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ROOMS = {room: files(f"sessionlab.lab.{room}") / "web" for room in ("page", "viewer")}
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
MAP = json.dumps({"imports": {f"{room}/": f"/web/{room}/" for room in ROOMS}})
_HASH = b64encode(sha256(MAP.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; script-src 'self' 'sha256-{_HASH}'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "no-cache",
}


async def page(_: web.Request) -> web.Response:
    """`index.html`, with the map of the modules in it."""
    text = (ROOMS["page"] / "index.html").read_text(encoding="utf-8").replace("{importmap}", MAP)
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


async def module(request: web.Request) -> web.Response:
    """A file of one of the two rooms: those that are there, by their own names."""
    room, name = request.match_info["room"], request.match_info["name"]
    found = {one.name: one for one in ROOMS[room].iterdir()} if room in ROOMS else {}
    kind = KINDS.get("." + name.rpartition(".")[2])
    if name not in found or kind is None:
        raise web.HTTPNotFound(reason="there is no such file of the page")
    return _file(found[name], kind)


def _file(path: Traversable, kind: str) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8", headers=HEADERS)
