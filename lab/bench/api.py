"""The bench's HTTP API, version 1: state, actions, and what happens (docs/bench.md).

On the loopback only. A web page of somebody else's reaches it in a browser here, so: it needs the
token; Host is this machine (else a stranger's name could come to mean it: DNS rebinding); Origin,
when there is one, is its own.
"""

from __future__ import annotations

import hmac
import json
import sys
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from sessionlab.lab.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sessionlab.lab.bench.actions import Hands
    from sessionlab.lab.bench.stream import Stream

PATH = "/api/1"
MOST_BYTES = 4096
MEMBERS = {"do", "part"}


class Refused(Exception):
    """What is wrong with the request itself."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Api:
    """Serves one bench to whoever has the token."""

    def __init__(
        self,
        hands: Hands,
        stream: Stream,
        state: Callable[[], Awaitable[dict[str, Any]]],
        token: str,
    ) -> None:
        self._hands = hands
        self._stream = stream
        self._state = state
        self._token = token

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._answer], client_max_size=MOST_BYTES)
        app.router.add_get(f"{PATH}/cluster", self._cluster)
        app.router.add_post(f"{PATH}/actions", self._act)
        app.router.add_get(f"{PATH}/events", self._events)
        app.on_shutdown.append(self._close)
        return app

    @web.middleware
    async def _answer(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Guard it, and make a problem document (RFC 9457) of whatever is raised."""
        try:
            self._guard(request)
            return await handler(request)
        except Refused as error:
            return _problem(error.status, str(error))
        except LabError as error:
            status = (
                HTTPStatus.BAD_REQUEST if isinstance(error, UsageError) else HTTPStatus.CONFLICT
            )
            return _problem(status, str(error), error.hint)
        except web.HTTPException as error:
            return _problem(HTTPStatus(error.status), error.reason)
        except Exception:  # noqa: BLE001  the last line of defence: told, and answered
            traceback.print_exc(file=sys.stderr)
            return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the bench failed to answer this")

    def _guard(self, request: web.Request) -> None:
        host = request.headers.get(hdrs.HOST, "")
        if host.partition(":")[0] not in ("127.0.0.1", "localhost"):
            raise Refused(HTTPStatus.FORBIDDEN, "Host may be anybody's: ask 127.0.0.1")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin != f"http://{host}":
            raise Refused(
                HTTPStatus.FORBIDDEN, "Origin is another one's: this is not for its pages"
            )
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="replace")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            raise Refused(
                HTTPStatus.UNAUTHORIZED, "send Authorization: Bearer, with the run's token"
            )
        if request.method == hdrs.METH_POST and request.content_type != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is application/json")

    async def _cluster(self, _: web.Request) -> web.Response:
        return web.json_response(await self._state())

    async def _act(self, request: web.Request) -> web.Response:
        wanted = await _object(request)
        return web.json_response({"done": await self._hands.do(**wanted)})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"}
        )
        with self._stream.listener() as listener:
            await response.prepare(request)
            async for text in listener.heard():
                await response.write(text)
        return response

    async def _close(self, _: web.Application) -> None:
        self._stream.close()


async def _object(request: web.Request) -> dict[str, str]:
    """The body as arguments of `Hands.do`."""
    try:
        body: Any = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise UsageError("the body is not JSON") from None
    if not isinstance(body, dict) or "do" not in body or body.keys() - MEMBERS:
        raise UsageError('the body is an object: {"do": ACTION, "part": NAME}')
    if not all(isinstance(value, str) for value in body.values()):
        raise UsageError('"do" and "part" are strings')
    return {"name": body["do"], "part": body.get("part", "")}


def _problem(status: HTTPStatus, detail: str, hint: str = "") -> web.Response:
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "hint": hint,
    }
    headers = {hdrs.WWW_AUTHENTICATE: "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    return web.json_response(
        document, status=status, content_type="application/problem+json", headers=headers
    )
