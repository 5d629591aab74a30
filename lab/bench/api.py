"""The bench's HTTP API, version 1: state, actions, and what happens (docs/bench.md).

On the loopback only. A web page of somebody else's reaches it in a browser here, so: it needs the
token; Host is this machine (else a stranger's name could come to mean it: DNS rebinding); Origin,
when there is one, is its own.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import traceback
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from sessionlab.lab.bench.bench import Bench
from sessionlab.lab.bench.connection import Connection, problem
from sessionlab.lab.bench.place import Place, own_run
from sessionlab.lab.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

LOOPBACK, PATH = "127.0.0.1", "/api/1"
MOST_BYTES = 4096
SOON = 0.01  # seconds until it is known that who has asked had left before that was read
BENCH, TOKEN = web.AppKey("bench", Bench), web.AppKey("token", str)


@asynccontextmanager
async def served(bench: Bench) -> AsyncIterator[Place]:
    """Serve it on a free port of the loopback, to whoever has the token."""
    app = web.Application(middlewares=[_answer], client_max_size=MOST_BYTES)
    app[BENCH], app[TOKEN] = bench, secrets.token_urlsafe(32)
    app.router.add_get(f"{PATH}/cluster", _cluster)
    app.router.add_post(f"{PATH}/actions", _act)
    app.router.add_get(f"{PATH}/events", _events)
    app.on_shutdown.append(_close)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    loop, server = asyncio.get_running_loop(), runner.server
    assert server is not None  # noqa: S101  it is set up
    listening = await loop.create_server(lambda: Connection(server, loop), LOOPBACK, 0)
    try:
        port = listening.sockets[0].getsockname()[1]
        place = Place(own_run(), f"http://{LOOPBACK}:{port}{PATH}", app[TOKEN])
        await asyncio.to_thread(place.write)
        yield place
    finally:
        listening.close()
        await runner.cleanup()


@web.middleware
async def _answer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Guard it, and make a problem document (RFC 9457) of whatever is raised."""
    try:
        _guard(request)
        return await handler(request)
    except LabError as error:
        status = HTTPStatus.BAD_REQUEST if isinstance(error, UsageError) else HTTPStatus.CONFLICT
        return problem(status, str(error), error.hint)
    except web.HTTPException as error:
        return problem(error.status, error.reason, headers=error.headers)
    except Exception:  # noqa: BLE001  the last line of defence: told, and answered
        traceback.print_exc()
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the bench failed to answer this")


def _guard(request: web.Request) -> None:
    host = request.headers.get(hdrs.HOST, "")
    _, port = request.get_extra_info("sockname")
    if host not in (f"{LOOPBACK}:{port}", f"localhost:{port}"):
        raise web.HTTPForbidden(reason=f"Host may be anybody's: ask {LOOPBACK}:{port}")
    if {*request.headers.getall(hdrs.ORIGIN, ())} - {f"http://{host}"}:
        raise web.HTTPForbidden(reason="Origin is another one's: this is not for its pages")
    given = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="replace")
    if not hmac.compare_digest(given, f"Bearer {request.app[TOKEN]}".encode()):
        raise web.HTTPUnauthorized(
            headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
            reason="send Authorization: Bearer, with the run's token",
        )
    if request.method == hdrs.METH_POST and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="the body is application/json")


async def _cluster(request: web.Request) -> web.Response:
    return web.json_response(await request.app[BENCH].state())


async def _act(request: web.Request) -> web.Response:
    try:
        body: Any = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise UsageError("the body is not JSON") from None
    match body:
        case {"do": str(name), **rest} if not rest.keys() - {"part"}:
            part = rest.get("part", "")
        case _:
            part = None
    if not isinstance(part, str):
        raise UsageError('the body is an object of strings: {"do": ACTION, "part": NAME}')

    def wanted() -> bool:
        return request.transport is not None and not request.transport.is_closing()

    await asyncio.sleep(SOON)
    return web.json_response({"done": await request.app[BENCH].hands.do(name, part, wanted)})


async def _events(request: web.Request) -> web.StreamResponse:
    headers = {hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"}
    response = web.StreamResponse(headers=headers)
    with request.app[BENCH].stream.listener() as listener, suppress(ConnectionError):  # it left
        await response.prepare(request)
        async for text in listener.heard():
            await response.write(text)
    return response


async def _close(app: web.Application) -> None:
    app[BENCH].stream.close()
