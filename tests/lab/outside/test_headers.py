"""An app whose session is a header, as MCP has it: no login, no cookie, and an identity to take."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

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
