"""Tabs of people's browsers: each is a real client at every cluster of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from sessionlab.lab.bench import what_to_ask
from sessionlab.lab.errors import StepError
from sessionlab.lab.page.credentials.short import credential_of
from sessionlab.lab.page.desk.wrong import NotThere, WrongField
from sessionlab.lab.page.model.visitors import MOST_TABS, Answer, Holding, Tab

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.page.desk.side import Side
    from sessionlab.lab.page.desk.sides import Sides
    from sessionlab.lab.page.model.visitors import NewTab

LONGEST = 64  # characters of a user's name
NAMES = ("alice", "bob", "carol")


@dataclass(slots=True, eq=False)
class OpenTab:
    """`at` are its clients by the cluster's id, `last` the answers that they got last.

    `number` tells those of one user from each other.
    """

    id: str
    user: str
    number: int
    browser: str
    at: dict[str, Client] = field(default_factory=dict)
    last: dict[str, Answer] = field(default_factory=dict)


class Visitors:
    """All tabs, by their ids. A tab of a browser that is open shares what that one holds."""

    def __init__(self) -> None:
        self._tabs: dict[str, OpenTab] = {}
        self._ids = count(1)

    def __iter__(self) -> Iterator[OpenTab]:
        return iter(list(self._tabs.values()))

    def tab(self, id_: str) -> OpenTab:
        if id_ not in self._tabs:
            raise NotThere(f"there is no tab {id_[:64]!r}", "it was closed, or the lab is another")
        return self._tabs[id_]

    def open(self, wanted: NewTab, sides: Iterable[Side]) -> OpenTab:
        """A new browser's, or one beside another tab."""
        beside = self._tabs.get(wanted.beside)
        if wanted.beside and beside is None:
            raise WrongField("beside", f"there is no tab {wanted.beside[:64]!r}", "it was closed")
        user = beside.user if beside else wanted.user.strip()
        _check_name(user)
        if len(self._tabs) >= MOST_TABS:
            raise StepError(f"{MOST_TABS} tabs are open, which is the most", "close one first")
        place = next(self._ids)
        number = 1 + max((tab.number for tab in self if tab.user == user), default=0)
        tab = OpenTab(f"t{place}", user, number, beside.browser if beside else f"b{place}")
        for side in sides:
            if side.is_up:
                self._enter(tab, side)
        self._tabs[tab.id] = tab
        return tab

    async def close(self, id_: str, sides: Sides) -> None:
        """Its browser stays, and what that holds, as long as another tab of it is open."""
        tab = self.tab(id_)
        del self._tabs[id_]
        for side in sides:
            if client := tab.at.pop(side.id, None):
                await side.cluster.dismiss(client)

    def enter(self, side: Side) -> None:
        """Have every tab be a client of a cluster that is new on the page; it holds nothing."""
        for tab in self:
            self._enter(tab, side)

    def leave(self, id_: str) -> None:
        """Forget what all tabs have at a cluster that goes, which closes its clients itself."""
        for tab in self:
            tab.at.pop(id_, None)
            tab.last.pop(id_, None)

    def _enter(self, tab: OpenTab, side: Side) -> None:
        client = side.client(tab.user, int(tab.browser[1:]))
        for other in self:
            if other.browser == tab.browser and other is not tab and side.id in other.at:
                client.share(other.at[side.id])
                break
        tab.at[side.id] = client
        tab.last.pop(side.id, None)

    def shown(self, sides: Sides) -> list[Tab]:
        return [shown(tab, sides) for tab in self]

    def client(self, id_: str, side: Side) -> Client:
        """A tab's client of a cluster that runs."""
        return self.tab(id_).at[side.id]

    def clients(self, id_: str) -> dict[str, Client]:
        """Those of a cluster, by their tabs."""
        return {tab.id: client for tab in self if (client := tab.at.get(id_))}

    def browsers(self, id_: str) -> dict[tuple[str, int], str]:
        """Which clients of a cluster share a browser: its name, by user and number of the tab."""
        found = [(tab.at.get(id_), tab.browser) for tab in self]
        return {(client.user, client.tab): browser for client, browser in found if client}


def shown(tab: OpenTab, sides: Sides) -> Tab:
    at: dict[str, Holding] = {
        side.id: Holding(
            credential_of(client), side.live.fate(client.user, client.tab), tab.last.get(side.id)
        )
        for side in sides
        if (client := tab.at.get(side.id))
    }
    return Tab(tab.id, tab.user, tab.number, tab.browser, at)


def names(side: Side) -> list[str]:
    """Some to log in as."""
    return what_to_ask.names(side.cluster.recipe)[:20] if side.description.app else [*NAMES]


def no_account(user: str, side: Side) -> str:
    """That our demo app knows nobody of that name, and whom it knows; else ""."""
    seeded = re.fullmatch("user-([0-9]{6})", user)
    most = side.description.users
    if side.description.app or user in NAMES or (seeded and 1 <= int(seeded[1]) <= most):
        return ""
    return f"the app knows {', '.join(NAMES)}, and user-000001 to user-{most:06d}"


def _check_name(user: str) -> None:
    if not user:
        raise WrongField("user", "a tab is somebody's: say whose", "as in alice")
    if len(user) > LONGEST or not user.isprintable():
        raise WrongField("user", f"a name here is one line of at most {LONGEST} characters")
