"""A small app, a recipe for it, and a client that speaks it."""

from __future__ import annotations

import tomllib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import Person
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.reading import parse
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sessionlab.lab.recipes.model import Recipe

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ALICE = Person("alice", "a-password-of-hers", {"shown": "Alice A."})


def recipe(text: str, **more: Any) -> Recipe:
    """What is not said of `me` is its simplest."""
    raw = {"name": "an app", "me": {"get": "/me", "user": {"json": "user"}}}
    return parse({**raw, **tomllib.loads(text), **more}, Path("sessionlab.toml")).base


def answers(status: int = 200, **more: Any) -> Handler:
    """A handler that always gives that answer."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, **more)

    return answer


def says(**body: object) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body)

    return answer


@asynccontextmanager
async def serving(**handlers: Handler) -> AsyncIterator[str]:
    """An app whose handlers are named `get_me` for `GET /me`, `any_a__b` for `/a/b`; its URL."""
    app = web.Application()
    for name, handler in handlers.items():
        method, _, path = name.partition("_")
        method = "*" if method == "any" else method.upper()
        app.router.add_route(method, "/" + path.replace("__", "/"), handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(
    said: Recipe, history: History | None = None, person: Person = ALICE, **handlers: Handler
) -> AsyncIterator[Client]:
    """A client of that app."""
    history = History() if history is None else history
    async with serving(**handlers) as url, Client(person, said, url, history, Events()) as client:
        yield client
