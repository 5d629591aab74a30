"""The clusters of the page: the first one, what takes its place, and one beside it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from sessionlab.lab.errors import LabError, StepError
from sessionlab.lab.page.desk.choosing import described
from sessionlab.lab.page.desk.side import Side
from sessionlab.lab.page.desk.wrong import NotThere, WrongField

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.events import Events
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.page.model.doing import NewCluster
    from sessionlab.lab.page.model.state import Id

PATIENCE = 10.0  # seconds that one window waits for what another has begun
REPLACED = "another cluster has taken its place meanwhile"
T = TypeVar("T")


class Sides:
    """`entered` and `left` are told of a cluster that visitors can meet, and no longer.

    What is begun here goes on when who asked for it has left; `close` ends it.
    """

    def __init__(
        self,
        fabric: Fabric,
        events: Events,
        redis_url: str | None,
        label: str,
        *,
        entered: Callable[[Side], None],
        left: Callable[[Side], None],
        says: Callable[[str], None],
    ) -> None:
        self._fabric, self._events, self._redis_url, self._label = fabric, events, redis_url, label
        self._entered, self._left, self._says = entered, left, says
        self._now: dict[Id, Side] = {}
        self._generation = 0
        self._first: Description | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._free, self._doing = asyncio.Lock(), ""

    def __iter__(self) -> Iterator[Side]:
        """The first one first, whichever was replaced last."""
        return iter([self._now[id_] for id_ in sorted(self._now)])

    def get(self, id_: str) -> Side | None:
        return next((side for side in self if side.id == id_), None)

    def named(self, id_: str) -> Side:
        """Raises WrongField where there is none."""
        if side := self.get(id_):
            return side
        there = f"there is: {', '.join(self._now)}"
        raise WrongField("cluster", f"there is no cluster {id_[:8]!r} on the page", there)

    def running(self, id_: str) -> Side:
        """The same of one that can be asked; raises StepError for one that has come to nothing."""
        side = self.named(id_)
        if not side.is_up:
            raise StepError(f"cluster {id_} does not run: {side.why or side.condition}")
        return side

    async def first(self, description: Description) -> None:
        """Start the first one; raises what a cluster raises."""
        self._first = description
        await self._started("a", description)

    async def put(self, id_: str, wanted: NewCluster) -> None:
        """Have such a cluster in that place; raises LabError, with what is there then."""
        if id_ not in ("a", "b"):
            raise NotThere(f"a page has the clusters a and b, and no {id_[:8]!r}")
        async with self._alone(f"put a cluster in place {id_}"):
            before, like = self.get(id_), self.get(id_) or self.named("a")
            port = like.description.port if before else 0
            description = described(wanted, like.description, port, self._first or like.description)
            if before is None:
                await self._own(self._started("b", description))
            else:
                async with before.hands.alone("make way for another cluster"):
                    await self._own(self._replaced(before, description))
                    before.hands.over = REPLACED

    async def end(self, id_: str) -> None:
        """Take away the one beside the first."""
        if id_ == "a":
            raise StepError("the first cluster stays", "Ctrl-C in its terminal ends the lab")
        async with self._alone(f"take away cluster {id_}"):
            side = self.get(id_)
            if side is None:
                raise NotThere(f"there is no cluster {id_[:8]!r} on the page")
            async with side.hands.alone("end"):
                self._leave(side)
                side.hands.over = "this cluster was taken away meanwhile"
                await self._own(self._closed(side))

    async def close(self) -> None:
        """End all of them; raises what the end of the first says of this machine."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for side in reversed(list(self)):
            self._leave(side)
            if side.id == "a" and side.is_up:
                await side.close()
            else:
                await self._closed(side)

    async def _started(self, id_: Id, description: Description) -> None:
        """Where none is; nor is one when that fails."""
        side = self._side(id_, description)
        try:
            await side.open()
        except BaseException:
            del self._now[id_]
            raise
        self._entered(side)

    async def _replaced(self, before: Side, description: Description) -> None:
        """The new one first, so that its failure loses nothing; unless both want one port."""
        if description.port and before.is_up:
            self._left(before)
            await self._closed(before)
            await self._in_place(before, description)
            return
        side = self._made(before.id, description)
        try:
            await side.open()
        except LabError as error:
            was = "the cluster before it serves on" if before.is_up else "nothing was there before"
            why = f"the new cluster did not start, so {was}: {error}"
            raise StepError(why, error.hint) from None
        self._leave(before)
        self._now[before.id] = side
        self._entered(side)
        self._begin(self._closed(before))

    async def _in_place(self, before: Side, description: Description) -> None:
        """Where the port was given there is a time without any; on failure what was is started."""
        side = self._side(before.id, description)
        try:
            await side.open()
        except LabError as error:
            side = self._side(before.id, before.description)
            try:
                await side.open()
            except LabError as worse:
                side.fail(f"no cluster runs here: {worse}")
                why = f"neither the new cluster started nor the old one: {worse}"
                raise StepError(why) from None
            self._entered(side)
            back = "so one like the one before it was started, with nobody logged in"
            raise StepError(f"the new cluster did not start, {back}: {error}", error.hint) from None
        self._entered(side)

    def _leave(self, side: Side) -> None:
        self._now.pop(side.id, None)
        self._left(side)

    async def _closed(self, side: Side) -> None:
        """End it; what the machine had too little for is said, for the lab goes on."""
        try:
            await side.close()
        except LabError as error:
            self._says(f"cluster {side.id}: {error}")

    def _side(self, id_: Id, description: Description) -> Side:
        """A new one, in its place."""
        self._now[id_] = side = self._made(id_, description)
        return side

    def _made(self, id_: Id, description: Description) -> Side:
        number, self._generation = self._generation, self._generation + 1
        label = f"{self._label}-{id_}{number}" if number else self._label
        return Side(id_, number, description, self._fabric, self._events, self._redis_url, label)

    @asynccontextmanager
    async def _alone(self, doing: str) -> AsyncIterator[None]:
        """One window replaces at a time; raises StepError for who would wait long."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise StepError(
                f"another window has begun to {self._doing}", "try again when that is done"
            ) from None
        try:
            self._doing = doing
            yield
        finally:
            self._free.release()

    async def _own(self, step: Coroutine[object, object, None]) -> None:
        """Do it to its end, whoever waits for it."""
        await asyncio.shield(self._begin(step))

    def _begin(self, step: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
