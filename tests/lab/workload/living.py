"""A virtual user whose decisions are given, and a client that does the same over aiohttp."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.network import ClientNetwork
from sessionlab.lab.clients.people import Person
from sessionlab.lab.events import Events
from sessionlab.lab.record.history import Ending, History, Operation
from sessionlab.lab.record.packed.reader import Stored, read
from sessionlab.lab.record.packed.writer import Writer
from sessionlab.lab.workload.decisions import Decision
from sessionlab.lab.workload.quick import quicks
from sessionlab.lab.workload.recording import Recorder
from sessionlab.lab.workload.user import Around, VirtualUser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sessionlab.lab.clients.wire import Exchange
    from sessionlab.lab.recipes.model import Recipe

ALICE = Person("alice", "a-password-of-hers", {"shown": "Alice A."})
REPLAYED = Decision("logout", 0.0, keeps=True)


class Lived:
    """One user who does what is said; of it `slow` was no plain case."""

    def __init__(self, recipe: Recipe, url: str, folder: Path, affinity: str = "") -> None:
        self.slow: list[str] = []
        self.user: VirtualUser
        self._recorder = Recorder(Writer(folder), b"a key", time.monotonic())
        self._recorder.users["alice"] = self._recorder.writer.word("user", "alice")
        self._recipe, self._url, self._folder = recipe, url, folder
        self._affinity = affinity
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def do(self, *whats: str | Decision) -> list[Operation]:
        """All of it, one after the other; what was recorded."""
        does = [Decision(one, 0.0) if isinstance(one, str) else one for one in whats]
        around = Around(
            self._recorder,
            quicks(self._recipe, self._recorder),
            self._client,
            self._rested,
            self._over.set_exception,
            self._recorder.writer.word("cluster", "c"),
        )
        self.user = VirtualUser(around, ALICE, iter(does), 0, 1)
        slowly = self.user._go_slowly

        def seen_to_go_slowly(got: Callable[[], Exchange] | None) -> None:
            self.slow.append(self.user._next.what)
            slowly(got)

        self.user._go_slowly = seen_to_go_slowly  # type: ignore[method-assign]
        self.user.begin(time.monotonic(), time.monotonic())
        async with asyncio.timeout(20):
            await self._over
        await self.user.client.close()
        self._recorder.writer.close()
        shards = map(read, Stored.open(self._folder).shards())
        found = [one for shard in shards for one in shard.operations(slice(None))]
        return [replace(one, items=one.items and tuple(one.items)) for one in found]

    def _client(self, person: Person, notebook: VirtualUser, tab: int) -> Client:
        events = Events(began=self._recorder.began)
        network = ClientNetwork()
        client = Client(person, self._recipe, self._url, notebook, events, "", "c", network, tab)
        client.affinity = self._affinity
        return client

    def _rested(self, user: VirtualUser, now: float) -> None:
        user._is_nobody = False  # it would log in again
        try:
            user.decide()
        except StopIteration:
            self._over.set_result(None)
            return
        user.begin(now, now)


async def asked(
    recipe: Recipe,
    url: str,
    *whats: str | Decision,
    affinity: str = "",
) -> list[Operation]:
    """The same by a client as stories have them, over aiohttp."""
    history, written, has_left = History(), 0, False
    network = ClientNetwork(trace=aiohttp.TraceConfig())
    client = Client(ALICE, recipe, url, history, Events(), "", "c", network)
    client.affinity = affinity
    old: Client | None = None
    for one in whats:
        what, keeps = (one.what, one.keeps) if isinstance(one, Decision) else (one, False)
        if keeps and old:
            old.forget()
            old.copy_credential(client)
        elif keeps:
            old = client.replica()
        if what == "login":
            answer = await client.try_login()
        elif what == "replay":
            answer = await (old if old and has_left else client).me()
        elif not recipe.steps(what):
            answer = await client.me()
        else:
            written += what == "write"
            item = f"alice.{written}" if what == "write" else None
            answer = await client.do(what, item=item)
        has_left = what == "logout" and answer.operation.outcome is Ending.OK and not answer.who
    await client.close()
    return list(history)


def timeless(operations: list[Operation]) -> list[Operation]:
    """Without what differs from one run to the next."""
    return [
        replace(
            one,
            invoked=0.0,
            completed=0.0,
            token_left=None if one.token_left is None else round(one.token_left / 10),
        )
        for one in operations
    ]
