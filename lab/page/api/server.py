"""The page's server: the page itself, and the API that is all it uses (docs/page.md)."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import traceback
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import hdrs, web

from sessionlab.lab.bench.place import Place
from sessionlab.lab.errors import LabError, StartError, UsageError
from sessionlab.lab.fabrics.interface import Address
from sessionlab.lab.fabrics.run_folder import running
from sessionlab.lab.page.api import static
from sessionlab.lab.page.api.connection import Connection, problem
from sessionlab.lab.page.api.guard import LOOPBACK, Guard, check_form
from sessionlab.lab.page.api.route import Call, Route
from sessionlab.lab.page.api.routes import PATH, ROUTES, VERSION
from sessionlab.lab.page.desk.desk import Desk
from sessionlab.lab.page.desk.wrong import NotThere, WrongField
from sessionlab.lab.viewer.view import to_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

MOST_BYTES = 16 * 1024
SOON = 0.01  # seconds until it is known that who has asked had left before that was read
ANYWHERE = Address(LOOPBACK, 0)
DESK, GUARD = web.AppKey("desk", Desk), web.AppKey("guard", Guard)


@asynccontextmanager
async def served(desk: Desk, listen: Address = ANYWHERE, token: str = "") -> AsyncIterator[Place]:
    """Serve it there, to whoever has the token; raises StartError where nobody can listen.

    A `token` that is given outlives this run: pages that are open go on with the next one.
    """
    token = token or secrets.token_urlsafe(24)
    app = web.Application(middlewares=[_answer], client_max_size=MOST_BYTES)
    app[DESK] = desk
    app.router.add_get("/", static.page)
    app.router.add_get("/web/{room}/{name}", static.module)
    for route in ROUTES:
        app.router.add_route(route.method, f"{PATH}{route.path}", _handler(route))
    app.on_shutdown.append(_close)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    listening = _listening(listen)
    got = Address(listen.host, listening.getsockname()[1])
    app[GUARD] = Guard(got, token)
    await runner.setup()
    loop, server = asyncio.get_running_loop(), runner.server
    assert server is not None  # noqa: S101  it is set up
    serving = await loop.create_server(lambda: Connection(server, loop), sock=listening)
    try:
        desk.run_name = _own_run()
        host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(got.host, got.host)
        url = f"{Address(host, got.port).url}{PATH}"
        place = Place(desk.run_name, url, token, is_here=app[GUARD].is_here)
        await asyncio.to_thread(place.write)
        yield place
    finally:
        serving.close()
        await runner.cleanup()


def _own_run() -> str:
    """The run that this process holds."""
    for run, pid in running():
        if pid == os.getpid():
            return run
    raise StartError("this lab has no folder of its own, so nobody could find it")


def _listening(wanted: Address) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
        return socket.create_server((wanted.host, wanted.port), family=family, backlog=128)
    except OSError as error:
        raise StartError(
            f"the page cannot listen on {wanted}: {error.strerror or error}",
            "another --page-listen HOST:PORT; port 0 is any free one",
        ) from None


@web.middleware
async def _answer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Guard it, and make a problem document (RFC 9457) of whatever is raised."""
    try:
        guard = request.app[GUARD]
        guard.check_place(request)
        if request.path.startswith("/api"):
            guard.check_token(request)
            _check_version(request.path)
        return await handler(request)
    except LabError as error:
        return problem(_status(error), str(error), error.hint, field=getattr(error, "field", ""))
    except web.HTTPException as error:
        return problem(error.status, error.reason, headers=error.headers)
    except Exception:  # noqa: BLE001  the last line of defence: told, and answered
        traceback.print_exc()
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the lab failed to answer this")


def _status(error: LabError) -> HTTPStatus:
    if isinstance(error, NotThere):
        return HTTPStatus.NOT_FOUND
    if getattr(error, "field", ""):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.BAD_REQUEST if isinstance(error, UsageError) else HTTPStatus.CONFLICT


def _check_version(path: str) -> None:
    if (asked := re.match(r"/api/([0-9]+)(/|$)", path)) and asked[1] != str(VERSION):
        raise web.HTTPNotFound(
            reason=f"this lab speaks version {VERSION} of the API, at {PATH}/, not {asked[1][:9]}"
        )


def _handler(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """What aiohttp calls for it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if route.answer is None:
            return await _events(request)

        def wanted() -> bool:
            return request.transport is not None and not request.transport.is_closing()

        body = None
        if route.takes:
            check_form(request)
            body = _decoded(await request.read(), route)
            await asyncio.sleep(SOON)
        call = Call(request.app[DESK], request.match_info, request.query, body, wanted)
        said = await route.answer(call)
        headers = {hdrs.CACHE_CONTROL: "no-store", "X-Content-Type-Options": "nosniff"}
        if said is None:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)
        kind = "application/json"
        return web.Response(
            body=to_json(said), status=route.status, content_type=kind, headers=headers
        )

    return handle


def _decoded(raw: bytes, route: Route) -> Any:
    """The body as its Struct; raises UsageError, and WrongField for one that does not fit."""
    try:
        return msgspec.json.decode(raw, type=route.takes)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        field = where.rstrip("`").lstrip(".") or (re.findall(r"field `(\w+)`", said) or [""])[0]
        if route.path == "/actions":  # as it was before there were fields
            raise UsageError(f"the body does not fit: {said}") from None
        raise WrongField(field or "body", said) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise UsageError("the body is not JSON") from None


async def _events(request: web.Request) -> web.StreamResponse:
    most = request.query.get("most", "")
    if most and not re.fullmatch("[1-9][0-9]{0,2}|1000", most):
        raise WrongField("most", "`most` is how many requests a second are told: 1 to 1000")
    headers = {hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"}
    response = web.StreamResponse(headers=headers)
    stream = request.app[DESK].stream
    with stream.listener(int(most) if most else None) as listener, suppress(ConnectionError):
        await response.prepare(request)
        await request.app[DESK].greet(listener)
        async for text in listener.heard():
            await response.write(text)
    return response


async def _close(app: web.Application) -> None:
    app[DESK].stream.close()
