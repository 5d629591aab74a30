"""The page and its modules, which hold no secret: who has no token gets them as well."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from aiohttp import hdrs, web

ROOMS = {room: files(f"sessionlab.lab.{room}") / "web" for room in ("page", "viewer")}
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
_POLICY = (
    "default-src 'none'; script-src 'self' 'sha256-{map}'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "no-cache",
}


async def page(_: web.Request) -> web.Response:
    """`index.html`; its one inline script, the map of the modules, may run by its hash."""
    text = (ROOMS["page"] / "index.html").read_text(encoding="utf-8")
    inline = _MAP.search(text)
    digest = b64encode(sha256(inline[1].encode() if inline else b"").digest()).decode()
    headers = HEADERS | {"Content-Security-Policy": _POLICY.format(map=digest)}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def module(request: web.Request) -> web.Response:
    """A file of one of the two rooms: those that are there, by their own names."""
    room, name = request.match_info["room"], request.match_info["name"]
    found = {one.name: one for one in ROOMS[room].iterdir()} if room in ROOMS else {}
    kind = KINDS.get("." + name.rpartition(".")[2])
    if name not in found or kind is None:
        raise web.HTTPNotFound(reason="there is no such file of the page")
    return web.Response(
        body=found[name].read_bytes(), content_type=kind, charset="utf-8", headers=HEADERS
    )
