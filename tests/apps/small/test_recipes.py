"""Recipes for apps unlike ours, spoken by the lab's own client."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import Person, people
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.reading import read
from sessionlab.lab.record.history import History
from tests.apps.small import cookies, servers, streams
from tests.apps.small.pages import pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.recipes.model import Recipe

RECIPES = Path(__file__).parent / "recipes"
SERVERS = {
    "basic": servers.basic,
    "detours": cookies.detours,
    "double_submit": cookies.double_submit,
    "events": streams.events,
    "handshake": servers.handshake,
    "header": servers.header,
    "pages": pages,
    "pyproject": servers.query,
    "socket": streams.socket,
}

pytestmark = pytest.mark.asyncio


@pytest.fixture(params=SERVERS)
async def spoken(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Recipe, str]]:
    """A recipe, and the URL of its app."""
    monkeypatch.setenv("BOBS_PASSWORD", servers.PASSWORD)
    recipe = read(RECIPES / f"{request.param}.toml").base
    runner = web.AppRunner(SERVERS[request.param](), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield recipe, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@asynccontextmanager
async def somebody(recipe: Recipe, url: str, person: Person) -> AsyncIterator[Client]:
    async with Client(person, recipe, url, History(), Events()) as client:
        yield client


async def test_who_logs_in_is_who_they_are_on_new_connections_too(
    spoken: tuple[Recipe, str],
) -> None:
    for person in people(spoken[0], 3):
        async with somebody(*spoken, person) as client:
            if spoken[0].login:
                await client.login()
            for _ in range(2):
                answer = await client.me()
                assert (answer.who, answer.operation.user) == ("user", person.name), answer.said
                assert answer.operation.credential, "it was by this that it was known"
                await client.reconnect()


async def test_who_has_not_logged_in_is_nobody(spoken: tuple[Recipe, str]) -> None:
    recipe, url = spoken
    if not recipe.login:
        pytest.skip("whoever asks says who they are")
    async with somebody(recipe, url, people(recipe, 1)[0]) as client:
        answer = await client.me()
    assert answer.who == "nobody", answer.said


async def test_a_wrong_password_makes_nobody_somebody(spoken: tuple[Recipe, str]) -> None:
    recipe, url = spoken
    async with somebody(recipe, url, replace(people(recipe, 1)[0], password="wrong")) as client:
        if recipe.login:
            await client.try_login()
        answer = await client.me()
    assert answer.who != "user", answer.said


async def test_what_is_written_is_read_and_by_nobody_else(spoken: tuple[Recipe, str]) -> None:
    recipe, url = spoken
    if not recipe.write:
        pytest.skip("nothing is written")
    first, second = people(recipe, 2)
    async with somebody(recipe, url, first) as one, somebody(recipe, url, second) as other:
        for client in (one, other) if recipe.login else ():
            await client.login()
        for item in ("milk", "bread-2"):
            answer = await one.write(item)
            assert answer.who != "error", answer.said
        assert (await one.read()).items == ["milk", "bread-2"]
        assert (await other.read()).items == []


async def test_who_logs_out_is_nobody(spoken: tuple[Recipe, str]) -> None:
    recipe, url = spoken
    if not recipe.logout:
        pytest.skip("nobody logs out")
    async with somebody(recipe, url, people(recipe, 1)[0]) as client:
        await client.login()
        assert (await client.me()).who == "user"
        await client.do("logout")
        answer = await client.me()
    assert answer.who == "nobody", answer.said


@pytest.mark.parametrize("spoken", ["detours", "events", "socket"], indirect=True)
async def test_who_is_refused_with_a_cookie_has_carried_it(spoken: tuple[Recipe, str]) -> None:
    recipe, url = spoken
    async with somebody(recipe, url, people(recipe, 1)[0]) as client:
        client.keep_cookie("sid", "of another copy")
        answer = await client.me()
    assert answer.who == "nobody", answer.said
    assert answer.operation.credential, "or the refusal is held against nobody"
