"""What an ordeal is given: a cluster, users of its own, and the order in which they act."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.traffic import Does, Traffic
from sessionlab.lab.clients.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.record.answers import Answer

PAUSE = 0.05  # seconds between an answer and the next request, of users that keep asking
TURN = (
    0.2  # seconds that the next one waits for a user's answer: what hangs holds up nobody for long
)


class Trial:
    """Users act in an order that is drawn anew for every step.

    Round-robin would line up with users that ask in turn, and lead each back to the same copy.
    """

    def __init__(self, cluster: Cluster, users: Sequence[Client], seed: str) -> None:
        self.cluster = cluster
        self.users = users
        self.node = ""
        """The copy that something is done to."""
        self.copies = sum(service.nodes for service in cluster.description.services)
        """How many there were in the beginning."""
        self._turns = Turns(seed)
        self._items = 0
        self.choose()

    async def leave(self) -> None:
        """Close all connections: an open WebSocket would be cut in an ordeal of others."""
        for user in self.users:
            await user.close()

    def choose(self) -> None:
        """Choose a copy to do something to."""
        self.node = self._turns.of(()).choice(list(self.cluster.nodes))

    async def each(self, does: Does, turn: float = TURN) -> None:
        """Have every user do that; the next one waits `turn` seconds for an answer, at most."""
        tasks: list[asyncio.Task[Answer]] = []
        try:
            for user in self._turns.of(self.users).sample(self.users, len(self.users)):
                tasks.append(asyncio.create_task(does(user)))
                await asyncio.wait(tasks[-1:], timeout=turn)
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def log_in(self) -> None:
        """Log everybody in; whether that was so, they ask right away."""

        async def enter(user: Client) -> Answer:
            await user.try_login()
            return await user.me()

        await self.each(enter)

    async def ask_anew(self, times: int) -> None:
        """Have everybody ask who they are, each time on new connections."""
        await self.each_anew(Client.me, times)

    async def each_anew(self, does: Does, times: int = 1) -> None:
        """Have everybody do that so often, all at once, and each time on new connections.

        One after the other they would share the balancer's one connection to a copy, and with it
        one of the copy's workers.
        """

        async def anew(user: Client) -> Answer:
            await user.reconnect()
            return await does(user)

        for _ in range(times):
            await self.each(anew, turn=0)

    async def while_asking(self, *steps: Callable[[], Awaitable[object]]) -> None:
        """Log everybody in, and do that while they keep asking; in the end they ask anew."""
        await self.log_in()
        drawn = self._turns.of(self.users)
        async with Traffic(self.users, Client.me, PAUSE, drawn=drawn) as traffic:
            await traffic.round()
            for step in steps:
                await step()
                await traffic.round()
        await self.ask_anew(2)

    async def twin(self, user: Client) -> Client:
        """Another client of the same user, that holds what that one holds, and is connected."""
        twin = self.cluster.client(user.user)
        twin.copy_credential(user)
        if twin.recipe.connect:
            await twin.connect()
        return twin

    def replicas(self, user: Client) -> Sequence[Client]:
        """A client that holds what this one does; none where that is an open connection."""
        by_channel = any(step.ws for step in user.recipe.steps("connect"))
        return () if by_channel else (user.replica(),)

    def item(self, of: str) -> str:
        """Something to write that nobody has written before."""
        self._items += 1
        return f"{of}-{self._items}"
