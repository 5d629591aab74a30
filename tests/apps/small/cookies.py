"""Apps that need a client which keeps cookies, and follows redirects, as browsers do."""

from __future__ import annotations

import secrets

from aiohttp import web

from tests.apps.small.servers import Sessions, app_of


def double_submit() -> web.Application:
    """A page's cookie has to come back as a header, as Angular has it; names are in Latin-1."""
    sessions = Sessions()

    async def page(_: web.Request) -> web.Response:
        answer = web.Response(text="<app-root></app-root>", content_type="text/html")
        answer.set_cookie("XSRF-TOKEN", secrets.token_urlsafe())
        return answer

    def check(request: web.Request) -> None:
        token = request.cookies.get("XSRF-TOKEN")
        if not token or request.headers.get("X-XSRF-TOKEN") != token:
            raise web.HTTPForbidden

    async def login(request: web.Request) -> web.Response:
        check(request)
        said = await request.json()
        answer = web.json_response({})
        answer.set_cookie("sid", sessions.begin(said["user"], said["password"]), httponly=True)
        return answer

    async def me(request: web.Request) -> web.Response:
        user = sessions.user(request.cookies.get("sid"))
        return web.Response(text=f"<user>{user}</user>", content_type="text/xml", charset="latin-1")

    async def logout(request: web.Request) -> web.Response:
        check(request)
        sessions.users.pop(request.cookies["sid"])
        return web.json_response({})

    return app_of(
        ("GET", "/", page),
        ("POST", "/login", login),
        ("GET", "/me", me),
        ("POST", "/logout", logout),
    )


def detours() -> web.Application:
    """A login goes by three redirects, and the session's cookie is of a folder."""
    sessions = Sessions()
    tickets: dict[str, str] = {}

    async def login(request: web.Request) -> web.Response:
        said = await request.post()
        ticket = secrets.token_urlsafe()
        try:
            tickets[ticket] = sessions.begin(str(said["user"]), str(said["password"]))
        except web.HTTPForbidden:
            raise web.HTTPFound("/sign-in?wrong") from None
        raise web.HTTPTemporaryRedirect(f"/callback?ticket={ticket}")

    async def callback(request: web.Request) -> web.Response:
        answer = web.Response(status=302, headers={"Location": "app"})
        answer.headers.add("Set-Cookie", f"sid={tickets.pop(request.query['ticket'])}; Path=/app")
        answer.headers.add("Set-Cookie", "sid=of-another-folder; Path=/other")
        return answer

    async def slash(_: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently("/app/")

    async def app(request: web.Request) -> web.Response:
        try:
            user = sessions.user(request.cookies.get("sid"))
        except web.HTTPUnauthorized:
            raise web.HTTPSeeOther("/sign-in") from None
        sessions.items[user] += request.query.getall("buy", [])
        return web.json_response({"for": {"user": user}, "bought": sessions.items[user]})

    async def form(_: web.Request) -> web.Response:
        return web.Response(text="Sign in", status=403)

    async def logout(request: web.Request) -> web.Response:
        sessions.users.pop(request.cookies.get("sid", ""), None)
        raise web.HTTPFound("/sign-in")

    return app_of(
        ("GET", "/sign-in", form),
        ("POST", "/sign-in", login),
        ("POST", "/callback", callback),
        ("GET", "/app", slash),
        ("GET", "/app/", app),
        ("POST", "/app/logout", logout),
    )
