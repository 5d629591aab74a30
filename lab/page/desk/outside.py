"""A stack on the page that the lab did not start: it is looked at, and what changes it is said.

The page has no engine's socket, and wants none: who has that is as good as root on the machine.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.inventory import Kind, State
from sessionlab.lab.page.desk.by_hand import project
from sessionlab.lab.page.desk.told import ELSEWHERE
from sessionlab.lab.page.model.doing import NewCluster
from sessionlab.lab.page.model.state import Unable
from sessionlab.lab.page.stories.outside import refused

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sessionlab.lab.description.target import Target
    from sessionlab.lab.events import Event
    from sessionlab.lab.page.desk.sides import Sides
    from sessionlab.lab.page.stories.tellings import Tellings
    from sessionlab.lab.scenario.lab import Settings

SHORT_WHILE = 0.5  # seconds in which what comes at once is one change
_CHANGES = re.compile(r"node\.|stack\.")


class Outside:
    """Has the page follow the stack: what it is, and which stories can be told of it."""

    def __init__(
        self, target: Target, sides: Sides, tellings: Tellings, settings: Settings
    ) -> None:
        self._target, self._sides, self._tellings = target, sides, tellings
        self._settings = replace(settings, redis_url=None, fabric_options={"target": target})
        self._tasks: set[asyncio.Task[None]] = set()
        self._suiting: asyncio.Task[None] | None = None

    @property
    def unable(self) -> Unable:
        """What cannot be done to it from here."""
        side = self._sides.get("a")
        found = [*filter(None, side.cluster.inventory.containers.values())] if side else []
        name = project(found[0]) if found else ""
        how = f"; `docker compose -p {name} logs hello` says how you can" if name else ""
        return Unable(switch=ELSEWHERE + how, beside=ELSEWHERE)

    def hear(self, event: Event) -> None:
        """Something has happened there."""
        if event.kind == "stack.strategy":
            self._begin(self._replace(str(event.data["strategy"])))
        elif _CHANGES.match(event.kind):
            self.meet()

    def meet(self) -> None:
        """See soon which stories can be told of it now."""
        if self._suiting is None or self._suiting.done():
            self._suiting = self._begin(self._suit())

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _suit(self) -> None:
        await asyncio.sleep(SHORT_WHILE)
        if side := self._sides.get("a"):
            states = [part.state for part in side.parts() if part.kind is Kind.NODE]
            settings = replace(self._settings, nodes=sum(s is not State.ENDED for s in states))
            strategy = side.description.services[0].strategy
            self._tellings.suit(settings, await refused(self._target, strategy, settings))

    async def _replace(self, strategy: str) -> None:
        """Who was logged in at the stack that was there is known to nobody now."""
        await self._sides.put("a", NewCluster(strategy=strategy))
        self.meet()

    def _begin(self, step: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
