"""An app whose session is a header, as MCP has it: no login, no cookie, and an identity to take."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from aiohttp import BasicAuth, web

from sessionlab.lab.clients.network import ANY_NETWORK
from sessionlab.lab.events import Events
from sessionlab.lab.outside import calm, watching
from sessionlab.lab.outside.credentials import credentials
from sessionlab.lab.outside.findings import findings
from sessionlab.lab.outside.pacing import Pacer
from sessionlab.lab.outside.probing import Probe, planned
from sessionlab.lab.outside.reaching import address
from sessionlab.lab.outside.watching import Watch, Wishes
from tests.lab.outside.shops import Served, Shop, recipe
from tests.lab.outside.test_watching import deploy

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import Recipe


class Notebook(Shop):
    """Knows its sessions by a header of the connect's answer."""

    async def _answer(self, request: web.Request, node: str) -> web.Response:
        sid = request.headers.get("Mcp-Session-Id", "")
        if request.method == "POST" and not sid:
            sid = secrets.token_hex(16)
            self.sessions["all"][sid] = sid
            return web.json_response({}, headers={"Mcp-Session-Id": sid})
        if sid not in self.sessions["all"]:
            return web.Response(status=404)
        if request.method == "DELETE" and not self.keeps_after_logout:
            del self.sessions["all"][sid]
        return web.json_response({"session": sid})


def described() -> Recipe:
    nothing = dict.fromkeys(("login", "write", "read"))
    table = {
        "identity": "{sid}",
        "every": {"headers": {"Mcp-Session-Id": "{sid?}"}},
        "connect": {"post": "/mcp", "take": {"sid": {"header": "mcp-session-id"}}},
        "me": {
            "post": "/mcp",
            "user": {"json": "session"},
            "nobody": {"status": [400, 404]},
        },
        "logout": {"delete": "/mcp"},
    }
    return recipe(**nothing, **table)


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_probe_needs_neither_a_login_nor_a_cookie(keeps: bool) -> None:
    with Served(Notebook(keeps_after_logout=keeps)) as served:
        plan, pacer = planned(described(), 200), Pacer(500, 200, strictly=True)
        probe = Probe(described(), address(served.url), ANY_NETWORK, pacer, plan)
        seen = await probe.run()
    found = {one.topic: one for one in (*findings(seen), *credentials(seen))}
    assert found["new-connections"].severity == "good"
    assert found["session-cookie"].says == "the session travels in no cookie"
    assert found["replay"].severity == ("bad" if keeps else "good")
    shown = str([*found.values()])
    assert not any(sid in shown for sid in served.shop.sessions["all"])


async def test_a_watch_does_not_take_a_new_session_for_the_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calm, "CALM", 0.3)
    monkeypatch.setattr(watching, "PERIOD", 0.05)
    with Served(Notebook()) as served:
        command = deploy(served.url, "forget")
        wishes = Wishes(address(served.url), 3, command=command)
        seen = await Watch(described(), wishes, ANY_NETWORK, Events(), Pacer(500)).run()
    assert seen.counts["logged_out"] == 3


class Guarded(Shop):
    """Asks for a name and a password with every request, and knows no session at all."""

    async def _answer(self, request: web.Request, node: str) -> web.Response:
        said = BasicAuth.decode(request.headers.get("Authorization", "Basic Og=="))
        known = said.password == self.password and not self.refuses
        return web.json_response({"user": said.login}, status=200 if known else 401)

    refuses = False

    def control(self, what: str) -> None:
        self.refuses = what == "forget"


@pytest.mark.parametrize(("step", "lost"), [("0", 0), ("forget", 3)])
async def test_who_says_with_each_request_who_asks_is_a_user_too(
    monkeypatch: pytest.MonkeyPatch, step: str, lost: int
) -> None:
    monkeypatch.setattr(calm, "CALM", 0.3)
    monkeypatch.setattr(watching, "PERIOD", 0.05)
    nothing = dict.fromkeys(("login", "write", "read", "logout"))
    basic = recipe(**nothing, every={"headers": {"Authorization": "Basic {userpass|base64}"}})
    with Served(Guarded()) as served:
        wishes = Wishes(address(served.url), 3, command=deploy(served.url, step))
        seen = await Watch(basic, wishes, ANY_NETWORK, Events(), Pacer(500)).run()
        plan, pacer = planned(basic, 200), Pacer(500, 200, strictly=True)
        probe = Probe(basic, address(served.url), ANY_NETWORK, pacer, plan)
        if not lost:
            assert (await probe.run()).anew.recognised == 8
    assert (seen.counts["kept"], seen.counts["logged_out"]) == (3 - lost, lost)
