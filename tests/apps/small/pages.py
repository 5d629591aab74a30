"""A shop in HTML: a token in a meta element, new after each login; nobody is led to a form."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from aiohttp import web

from tests.apps.small.servers import Sessions, app_of


def pages() -> web.Application:
    shop = Shop()
    return app_of(
        ("GET", "/login", shop.form),
        ("POST", "/login", shop.login),
        ("GET", "/home", shop.home),
        ("GET", "/basket", shop.basket),
        ("POST", "/basket", shop.add),
        ("POST", "/logout", shop.logout),
    )


class Shop:
    """Takes no form but its own pages': with their token, and from their origin."""

    def __init__(self) -> None:
        self._sessions = Sessions()
        self._tokens: dict[str, str] = {}

    async def form(self, request: web.Request) -> web.Response:
        return self._page(request, "<form method=post>Name, please</form>")

    async def login(self, request: web.Request) -> web.Response:
        await self._check(request)
        said = await request.post()
        try:
            name = self._sessions.begin(str(said["name"]), str(said["password"]))
        except web.HTTPForbidden:
            return self._page(request, "<form method=post>Wrong. Name, please</form>")
        self._tokens.pop(request.cookies["visit"])
        answer = web.Response(status=303, headers={"Location": request.query.get("next", "/home")})
        answer.set_cookie("sid", name, path="/", httponly=True)
        return answer

    async def home(self, request: web.Request) -> web.Response:
        return self._page(request, f"<p>Signed in as <b>{self._user(request)}</b>")

    async def basket(self, request: web.Request) -> web.Response:
        items = self._sessions.items[self._user(request)]
        return self._page(request, "".join(f"<li>{item}</li>" for item in items))

    async def add(self, request: web.Request) -> web.Response:
        await self._check(request)
        item = (await request.post())["item"]
        self._sessions.items[self._user(request)].append(str(item))
        raise web.HTTPSeeOther("/basket")

    async def logout(self, request: web.Request) -> web.Response:
        await self._check(request)
        answer = web.Response(status=302, headers={"Location": "/login"})
        answer.del_cookie("sid")
        return answer

    def _user(self, request: web.Request) -> str:
        try:
            return self._sessions.user(request.cookies.get("sid"))
        except web.HTTPUnauthorized:
            raise web.HTTPFound(f"/login?next={request.path}") from None

    def _page(self, request: web.Request, text: str) -> web.Response:
        visit = request.cookies.get("visit") or secrets.token_urlsafe()
        token = self._tokens.setdefault(visit, secrets.token_urlsafe())
        head = f'<head><META content="{token}" name="csrf-token"></head>'
        answer = web.Response(text=head + text, content_type="text/html")
        answer.set_cookie("visit", visit)
        return answer

    async def _check(self, request: web.Request) -> None:
        token = request.headers.get("X-CSRF-Token") or (await request.post()).get("csrf")
        origin = urlsplit(request.headers.get("Origin", ""))
        ours = self._tokens.get(request.cookies.get("visit", ""))
        if token != ours or origin.netloc != request.host:
            raise web.HTTPForbidden
