"""Every request of the API, version 1: one table, which the server and openapi.json are made of."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sessionlab.lab.page.api.openapi import document
from sessionlab.lab.page.api.route import Call, Route
from sessionlab.lab.page.credentials.forging import forged
from sessionlab.lab.page.credentials.looking import looked
from sessionlab.lab.page.desk.wrong import NotThere, WrongField
from sessionlab.lab.page.model import credentials, doing, news, stories, visitors
from sessionlab.lab.page.model.state import State
from sessionlab.lab.page.recording.script import script
from sessionlab.lab.viewer.view import Page

if TYPE_CHECKING:
    from sessionlab.lab.page.desk.side import Side

VERSION, PATH = 1, "/api/1"
LONGEST = 10  # digits


async def _state(call: Call) -> State:
    return await call.desk.state()


async def _cluster(call: Call) -> dict[str, Any]:
    return await call.desk.a.contract()


async def _act(call: Call) -> doing.Done:
    return await call.desk.act(call.body, call.wanted)


async def _put(call: Call) -> State:
    return await call.desk.put(call.path["cluster"], call.body)


async def _end(call: Call) -> State:
    return await call.desk.end(call.path["cluster"])


async def _open_tab(call: Call) -> visitors.Tab:
    return call.desk.open_tab(call.body)


async def _close_tab(call: Call) -> None:
    await call.desk.close_tab(call.path["tab"])


async def _send(call: Call) -> visitors.Sent:
    return await call.desk.send(call.path["tab"], call.body)


async def _crowd(call: Call) -> visitors.Crowd:
    return await call.desk.crowd(call.body)


def _chosen(call: Call) -> Side:
    return call.desk.sides.running(call.query.get("cluster", "a"))


async def _credential(call: Call) -> credentials.Looked:
    side = _chosen(call)
    return await looked(side.cluster, call.desk.visitors.client(call.path["tab"], side))


async def _forge(call: Call) -> credentials.Forged:
    side = call.desk.sides.running(call.body.cluster)
    client = call.desk.visitors.client(tab := call.path["tab"], side)
    return await forged(client, call.body, tab, call.desk.sendings)


async def _view(call: Call) -> Page:
    return await _chosen(call).live.page()


async def _stories(call: Call) -> list[stories.Story]:
    return call.desk.tellings.stories()


async def _tell(call: Call) -> stories.Telling:
    return call.desk.tellings.begin(call.body)


async def _telling(call: Call) -> stories.Telling:
    since = call.query.get("since") or "0"
    if not (since.isascii() and since.isdigit() and len(since) < LONGEST):
        raise WrongField("since", "`since` is the number of an item, from 0 on")
    if telling := call.desk.tellings.telling(call.path["telling"], int(since)):
        return telling
    raise NotThere("there is no such telling", "it was dropped for newer ones; tell it again")


async def _record(call: Call) -> doing.Recording:
    side = call.desk.sides.running(call.body.cluster)
    browsers = call.desk.visitors.browsers(side.id)
    return await call.desk.recorder.record(call.body.name, side.live, side.description, browsers)


async def _script(call: Call) -> doing.Script:
    side = _chosen(call)
    browsers = call.desk.visitors.browsers(side.id)
    return doing.Script(script(side.live, side.description, browsers))


async def _openapi(_: Call) -> dict[str, Any]:
    return document(ROUTES, PATH, VERSION)


CLUSTER = {"cluster": "a, unless it says b"}
NEWS = {
    "state": State,
    "request": visitors.Request,
    "rate": visitors.Rate,
    "event": news.Happened,
    "view": news.Newer,
    "telling": news.Told,
    "missed": news.Missed,
}
MOST = {"most": "so many requests a second are told, at most; all, without it"}
ROUTES = (
    Route("GET", "/state", "All that the page shows, as it is now.", _state, gives=State),
    Route(
        *("GET", "/events", "What happens, as server-sent events, until it is closed.", None),
        query=MOST,
        events=NEWS,
    ),
    Route(
        *("PUT", "/clusters/{cluster}", "Have such a cluster in place a or b, ready.", _put),
        *(doing.NewCluster, State),
    ),
    Route("DELETE", "/clusters/{cluster}", "Take away the cluster b.", _end, gives=State),
    Route(
        *("POST", "/actions", "Break or mend a part of a, of b, or of all clusters.", _act),
        *(doing.Act, doing.Done),
    ),
    Route("GET", "/cluster", "The cluster a, as `sessionlab do` shows it.", _cluster, gives=dict),
    Route(
        *("POST", "/tabs", "Open a browser, or a second tab of one.", _open_tab),
        *(visitors.NewTab, visitors.Tab, HTTPStatus.CREATED),
    ),
    Route(
        *("DELETE", "/tabs/{tab}", "Close a tab.", _close_tab),
        status=HTTPStatus.NO_CONTENT,
    ),
    Route(
        *("POST", "/tabs/{tab}/send", "Have a tab send requests.", _send),
        *(visitors.Send, visitors.Sent),
    ),
    Route(
        *("GET", "/tabs/{tab}/credential", "What a tab holds, and who knows it.", _credential),
        gives=credentials.Looked,
        query=CLUSTER,
    ),
    Route(
        *("POST", "/tabs/{tab}/forgery", "Present something else in its place, once.", _forge),
        *(credentials.Forgery, credentials.Forged),
    ),
    Route(
        *("PUT", "/crowd", "Have a crowd come, change or go.", _crowd),
        *(visitors.NewCrowd, visitors.Crowd),
    ),
    Route(
        *("GET", "/view", "What the report's viewer draws, of what was seen so far.", _view),
        gives=Page,
        query=CLUSTER,
    ),
    Route(
        *("GET", "/stories", "The scenarios that can be told.", _stories),
        gives=list[stories.Story],
    ),
    Route(
        *("POST", "/tellings", "Tell one: it runs for real, in the background.", _tell),
        *(stories.NewTelling, stories.Telling, HTTPStatus.CREATED),
    ),
    Route(
        *("GET", "/tellings/{telling}", "What has been told so far.", _telling),
        gives=stories.Telling,
        query={"since": "items from that number on; 0 unless given"},
    ),
    Route(
        *("POST", "/recordings", "Store what was done so far as a run.", _record),
        *(doing.NewRecording, doing.Recording, HTTPStatus.CREATED),
    ),
    Route(
        *("GET", "/script", "A scenario that does the same again.", _script),
        gives=doing.Script,
        query=CLUSTER,
    ),
    Route("GET", "/openapi.json", "This document.", _openapi, gives=dict),
)
