"""What goes wrong behind a page is said there in words; an app of somebody's own is on it, too."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.recipes.chosen import Chosen
from tests.lab.page.up import up

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from sessionlab.lab.page.model.state import State

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOP = Path(__file__).parents[2] / "check" / "shop"
REDIS = Description((Service("app", 2, "redis"),), watched=True)


async def test_a_full_redis_is_said_to_who_logs_in(fabric: LocalFabric) -> None:
    async with up(fabric, REDIS) as lab:
        tab = (await lab.answered("POST", "/tabs", {"user": "alice"}))["id"]
        await lab.cluster.redis.fill()
        (answer,) = (await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"}))["answers"]
        assert (answer["how"], answer["status"]) == ("failed", 503)
        assert answer["said"].startswith(f"{answer['node']} could not serve this (503: the session")
        await lab.cluster.redis.make_room()
        (answer,) = (await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"}))["answers"]
        assert answer["how"] == "ok"


@pytest.mark.long
async def test_what_is_not_answered_is_said_and_the_rest_of_a_hundred_is_not_sent(
    fabric: LocalFabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessionlab.lab.page.desk.side.PATIENCE", 0.5)
    monkeypatch.setattr("sessionlab.lab.page.desk.sending.PATIENCE", 1.0)
    async with up(fabric) as lab:
        tab = (await lab.answered("POST", "/tabs", {"user": "alice"}))["id"]
        await lab.answered("POST", "/actions", {"do": "freeze", "part": "balancer"})
        sent = await lab.answered("POST", f"/tabs/{tab}/send", {"what": "me", "times": 100})
        assert sent["answers"][0]["said"].startswith("no answer came: nothing came within")
        assert sent["counts"]["a"]["failed"] <= 4
        sending = asyncio.create_task(lab.ask("POST", f"/tabs/{tab}/send", {"what": "me"}))
        await asyncio.sleep(0.2)
        assert (await lab.ask("DELETE", f"/tabs/{tab}"))[0] == 204
        assert await sending == (200, {"answers": [], "counts": {"a": {}}})


async def test_a_state_that_cannot_be_told_once_is_told_the_next_time(
    fabric: LocalFabric, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with up(fabric) as lab:
        states = 0
        real = lab.desk.state

        async def state() -> State:
            nonlocal states
            states += 1
            if states == 1:
                raise ZeroDivisionError
            return await real()

        monkeypatch.setattr(lab.desk._pushing, "_state", state)
        with lab.desk.stream.listener() as listener:
            while listener.waiting.empty():
                lab.desk.changed()
                await asyncio.sleep(0.05)
        assert "ZeroDivisionError" in capsys.readouterr().err
        assert not lab.running.done()


@pytest.mark.long
async def test_copies_of_somebody_s_app_are_on_the_same_page(fabric: LocalFabric) -> None:
    shop = Description((Service.of(Chosen.read(SHOP, None), 2),), watched=True)
    async with up(fabric, shop) as lab:
        state = await lab.answered("GET", "/state")
        (cluster,) = state["clusters"]
        assert (cluster["app"], state["users"][0]) == ("shop", "user1")
        assert all(choice["why_not"] for choice in state["choices"]["strategies"])
        tab = (await lab.answered("POST", "/tabs", {"user": "user1"}))["id"]
        for what in cluster["can"][:1]:
            sent = await lab.answered("POST", f"/tabs/{tab}/send", {"what": what})
            assert sent["answers"][0]["how"] == "ok"
        status, problem = await lab.ask("PUT", "/clusters/a", {"strategy": "jwt"})
        assert (status, problem["field"]) == (422, "strategy")
        state = await lab.answered("PUT", "/clusters/a", {"affinity": "cookie"})
        await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"})
        sent = await lab.answered("POST", f"/tabs/{tab}/send", {"what": "me", "times": 4})
        assert sent["counts"] == {"a": {"ok": 4}}
        status, problem = await lab.ask("PUT", "/crowd", {"users": 100})
        assert (status, problem["field"]) == (422, "users")
