"""A server that says what a test wants: rare states, floods of requests."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

import msgspec
from aiohttp import web
from msgspec.structs import replace

from sessionlab.lab.page.model.doing import Problem
from sessionlab.lab.page.model.state import State
from sessionlab.lab.page.model.visitors import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web import Request as Asked

TOKEN = "the-token"
_ROOMS = {room: files(f"sessionlab.lab.{room}") / "web" for room in ("page", "viewer")}
_KINDS = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


class Pretended:
    """The page's server on a thread of its own; `answer` says what a request is answered."""

    def __init__(self, state: State, answer: Callable[[str, str, dict[str, Any]], object]) -> None:
        self.state = state
        self.asked: list[tuple[str, str, Any]] = []
        self._answer = answer
        self._streams: set[web.StreamResponse] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/#token={TOKEN}"

    def tell(self, event: str, data: object) -> None:
        """Pushes an event to all who listen."""
        if isinstance(data, State):
            self.state = data
        line = f"event: {event}\ndata: {msgspec.json.encode(data).decode()}\n\n".encode()
        asyncio.run_coroutine_threadsafe(self._push(line), self._loop).result(5)

    def hang_up(self) -> None:
        """Ends every stream, as a network does."""
        for stream in list(self._streams):
            transport = stream._req.transport if stream._req else None
            if transport:
                self._loop.call_soon_threadsafe(transport.abort)

    async def _push(self, line: bytes) -> None:
        for stream in list(self._streams):
            with suppress(ConnectionError):
                await stream.write(line)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/web/{room}/{name}", self._file)
        app.router.add_route("*", "/api/1/{path:.*}", self._api)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._over.wait()
        await runner.cleanup()

    async def _page(self, _: Asked) -> web.Response:
        return web.Response(
            text=(_ROOMS["page"] / "index.html").read_text(), content_type="text/html"
        )

    async def _file(self, asked: Asked) -> web.Response:
        name = asked.match_info["name"]
        kind = _KINDS["." + name.rpartition(".")[2]]
        text = (_ROOMS[asked.match_info["room"]] / name).read_text()
        return web.Response(text=text, content_type=kind)

    async def _api(self, asked: Asked) -> web.StreamResponse:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _json(Problem("no", 401, "the token is wrong"), 401)
        path = "/" + asked.match_info["path"]
        if path == "/state":
            return _json(self.state)
        if path == "/events":
            return await self._stream(asked)
        body = await asked.json() if asked.can_read_body else {}
        self.asked.append((asked.method, path, body))
        answer = self._answer(asked.method, path, body)
        return _json(answer, answer.status if isinstance(answer, Problem) else 200)

    async def _stream(self, asked: Asked) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(asked)
        self._streams.add(stream)
        try:
            await self._over.wait()
        finally:
            self._streams.discard(stream)
        return stream


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json"
    )


def with_parts(state: State, **changes: object) -> State:
    """With cluster a changed."""
    first, *rest = state.clusters
    return replace(state, clusters=[replace(first, **changes), *rest])


def with_answer(state: State, said: str) -> State:
    """With one that the first tab got last."""
    words = ("user", "alice", "", said, 0.002)
    answer = Answer("a", 2.0, "me", "GET", "/me", 200, "n2", "ok", *words)
    tab, *others = state.tabs
    return replace(state, tabs=[replace(tab, at={"a": replace(tab.at["a"], last=answer)}), *others])
