"""Clients that keep asking while a story does something to their cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Self

from sessionlab.lab.clients.client import Client
from sessionlab.lab.events import within_a_step
from sessionlab.lab.record.answers import Answer, Answers
from sessionlab.lab.waiting import until

PAUSE = 0.005  # seconds between an answer and the client's next request
PATIENCE = 30.0

Does = Callable[[Client], Coroutine[object, object, Answer]]


class Traffic:
    """Each client asks, waits for the answer, and asks again; a context manager.

    When it is left each client has the answer to its last request, and asks no more. Who begins
    and how long each pauses (up to twice `pause` seconds) is `drawn`: in lockstep, a round-robin
    balancer would send each of them to one and the same node.
    """

    def __init__(
        self, clients: Sequence[Client], does: Does, pause: float = PAUSE, *, drawn: Random
    ) -> None:
        self._clients = clients
        self._does = does
        self._pause = pause
        self._drawn = drawn
        self._answers: dict[Client, list[Answer]] = {client: [] for client in clients}
        self._asked = dict.fromkeys(clients, 0)
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False
        self.entered = False

    async def __aenter__(self) -> Self:
        self.entered = True
        order = self._drawn.sample(self._clients, len(self._clients))
        pauses = [Random(self._drawn.random()) for _ in order]  # noqa: S311  a schedule, no secret
        with within_a_step():
            self._tasks = [
                asyncio.create_task(self._ask(*one)) for one in zip(order, pauses, strict=True)
            ]
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._over = True
        if error:
            for task in self._tasks:
                task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in ended:
            if isinstance(end, Exception) and error is None:
                raise end

    async def round(self) -> Answers:
        """Wait until every client has an answer to a request that it began after this call.

        Returns those answers: the first of each client, in the clients' order.
        """
        first = dict(self._asked)

        async def answered() -> bool:
            for task in self._tasks:
                if task.done():
                    await task  # which raises what ended it
            return all(len(self._answers[client]) > first[client] for client in self._clients)

        await until("every client to be answered again", answered, seconds=PATIENCE)
        return Answers(self._answers[client][first[client]] for client in self._clients)

    async def _ask(self, client: Client, pauses: Random) -> None:
        while not self._over:
            self._asked[client] += 1
            self._answers[client].append(await self._does(client))
            await asyncio.sleep(pauses.uniform(0, 2 * self._pause))
