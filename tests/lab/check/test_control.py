"""The control run of an app whose processes do not know each other's users."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from aiohttp import web

from sessionlab.lab.check.control import control
from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import Person, people
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.reading import parse
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from sessionlab.lab.check.results import Control
    from sessionlab.lab.cluster.cluster import Cluster

RECIPE = parse(
    {
        "name": "workers",
        "login": {"post": "/login", "form": {"user": "{user}", "password": "{password}"}},
        "me": {"get": "/me", "user": {"regex": ".+"}},
    },
    Path("sessionlab.toml"),
).base


class Copy:
    """One copy of an app; its processes take turns, and each knows who has logged in there."""

    def __init__(self, processes: int) -> None:
        self._turns = cycle([set[str]() for _ in range(processes)])
        self.logins = 0

    async def login(self, request: web.Request) -> web.Response:
        said, known = await request.post(), next(self._turns)
        self.logins += 1
        if said["password"] != "pw":
            raise web.HTTPForbidden
        known.add(str(said["user"]))
        answer = web.Response()
        answer.set_cookie("user", str(said["user"]))
        return answer

    async def me(self, request: web.Request) -> web.Response:
        user, known = request.cookies.get("user", ""), next(self._turns)
        if user not in known:
            raise web.HTTPUnauthorized
        return web.Response(text=user)


class Front:
    """As much of a cluster as the control run knows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: list[Client] = []

    def client(self, person: Person) -> Client:
        self._clients.append(Client(person, RECIPE, self._url, History(), Events()))
        return self._clients[-1]

    def workers(self) -> dict[str, int]:
        return {}

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


async def controlled(copy: Copy) -> Control:
    app = web.Application()
    app.add_routes([web.post("/login", copy.login), web.get("/me", copy.me)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    front = Front(f"http://127.0.0.1:{runner.addresses[0][1]}")
    found = await control(cast("Cluster", front), RECIPE, people(RECIPE, 2))
    await front.close()
    await runner.cleanup()
    return found


@pytest.mark.parametrize("processes", [1, 2, 3, 4])
async def test_processes_that_take_turns_do_not_make_a_recipe_wrong(processes: int) -> None:
    found = await controlled(Copy(processes))
    assert found.passed, found.steps


async def test_an_app_that_takes_its_time_is_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten times 10 s for a login and 10 s for `me` would be minutes."""
    monkeypatch.setattr("sessionlab.lab.check.control.SECONDS", 0.0)
    copy = Copy(3)
    assert not (await controlled(copy)).passed
    assert copy.logins == 1
