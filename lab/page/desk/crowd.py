"""A crowd: users who ask who they are again and again, at every cluster of the page."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.errors import LabError
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.visitors import MOST_CROWD, MOST_RATE, Crowd

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.page.desk.side import Side
    from sessionlab.lab.page.desk.sides import Sides
    from sessionlab.lab.page.model.visitors import NewCrowd

TICK = 0.02  # seconds


@dataclass(slots=True)
class Gathering:
    """The crowd at one cluster; who still waits for an answer is `busy`, and asks nothing else."""

    side: Side
    clients: list[Client] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)
    entered: set[int] = field(default_factory=set)
    steps: set[asyncio.Task[None]] = field(default_factory=set)
    due: float = 0.0
    wanted: int = 0

    def gone(self) -> list[Client]:
        """Those that are too many by now, for somebody else to close."""
        gone, self.clients = self.clients[self.wanted :], self.clients[: self.wanted]
        return gone


class Crowds:
    """As many at each cluster as were wanted last; one who is logged out stays so.

    Who asks is drawn: in turn they would line up with a balancer that goes in turn.
    """

    def __init__(self) -> None:
        self.now = Crowd()
        self._at: dict[str, Gathering] = {}
        self._random = random.Random(1)  # noqa: S311  no secret
        self._walking: asyncio.Task[None] | None = None

    async def want(self, wanted: NewCrowd, sides: Sides) -> Crowd:
        """Let so many come, or go; those that stay and are logged out log in again."""
        if not 0 <= wanted.users <= MOST_CROWD:
            raise WrongField("users", f"a crowd has 0 to {MOST_CROWD} users")
        if not 0 < wanted.rate <= MOST_RATE:
            raise WrongField("rate", f"a crowd asks up to {MOST_RATE} times a second")
        try:
            for side in sides:
                side.cluster.audience(wanted.users)
        except LabError as error:
            raise WrongField("users", str(error), error.hint) from None
        self.now = Crowd(wanted.users, wanted.rate)
        for side in sides:
            if side.is_up:
                self.enter(side)
            for client in self._at[side.id].gone():
                await side.cluster.dismiss(client)
        if self.now.users and not self._walking:
            self._walking = asyncio.create_task(self._walk())
        return self.now

    def enter(self, side: Side) -> None:
        """Gather at that cluster, which may be new."""
        here = self._at.setdefault(side.id, Gathering(side))
        here.wanted, here.entered = self.now.users, set()
        people = side.cluster.audience(self.now.users).people
        for place, person in list(enumerate(people))[len(here.clients) :]:
            here.clients.append(side.client(person, MOST_CROWD + place))

    def leave(self, id_: str) -> None:
        """Go from a cluster that ends, which closes its clients itself."""
        if here := self._at.pop(id_, None):
            for task in here.steps:
                task.cancel()

    def close(self) -> None:
        if self._walking:
            self._walking.cancel()
        for id_ in list(self._at):
            self.leave(id_)

    async def _walk(self) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(TICK)
            passed, before = loop.time() - before, loop.time()
            for here in list(self._at.values()):
                if here.side.is_up:
                    here.due = min(here.due + passed * self.now.rate, self.now.rate)
                    self._send(here)

    def _send(self, here: Gathering) -> None:
        while here.due >= 1:
            here.due -= 1
            number = self._random.randrange(len(here.clients) or 1)
            if number in here.busy or not here.clients:
                free = [n for n in range(len(here.clients)) if n not in here.busy]
                if not free:
                    return
                number = self._random.choice(free)
            here.busy.add(number)
            task = asyncio.create_task(self._step(here, number))
            here.steps.add(task)
            task.add_done_callback(here.steps.discard)

    async def _step(self, here: Gathering, number: int) -> None:
        client = here.clients[number]
        try:
            with suppress(LabError):  # it was sent home, or its cluster was replaced
                if number not in here.entered:
                    here.entered.add(number)
                    await client.try_login()
                else:
                    await client.me()
        finally:
            here.busy.discard(number)
