"""Every request of the API, version 1: one table, which the server and openapi.json are made of."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sessionlab.lab.page.model import doing, visitors
from sessionlab.lab.page.model.state import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sessionlab.lab.page.desk.desk import Desk

VERSION, PATH = 1, "/api/1"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what it names in its path and query, and its body, decoded."""

    desk: Desk
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    wanted: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Route:
    """`takes` and `gives` are the types of its body and of its answer; `query` says what may be."""

    method: str
    path: str
    does: str
    answer: Callable[[Call], Awaitable[Any]] | None
    takes: Any = None
    gives: Any = None
    status: HTTPStatus = HTTPStatus.OK
    query: tuple[str, ...] = ()


async def _state(call: Call) -> State:
    return await call.desk.state()


async def _cluster(call: Call) -> dict[str, Any]:
    return await call.desk.a.contract()


async def _act(call: Call) -> doing.Done:
    return await call.desk.act(call.body, call.wanted)


async def _open_tab(call: Call) -> visitors.Tab:
    return call.desk.open_tab(call.body)


async def _close_tab(call: Call) -> None:
    await call.desk.close_tab(call.path["tab"])


async def _send(call: Call) -> visitors.Sent:
    return await call.desk.send(call.path["tab"], call.body)


async def _crowd(call: Call) -> visitors.Crowd:
    return await call.desk.crowd(call.body)


ROUTES = (
    Route("GET", "/state", "All that the page shows, as it is now.", _state, gives=State),
    Route("GET", "/cluster", "The cluster a, as `sessionlab do` shows it.", _cluster, gives=dict),
    Route(
        *("POST", "/actions", "Break or mend a part of a, of b, or of all clusters.", _act),
        *(doing.Act, doing.Done),
    ),
    Route(
        *("GET", "/events", "What happens, as server-sent events, until it is closed.", None),
        query=("most",),
    ),
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
        *("PUT", "/crowd", "Have a crowd come, change or go.", _crowd),
        *(visitors.NewCrowd, visitors.Crowd),
    ),
)
