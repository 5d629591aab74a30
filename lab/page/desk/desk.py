"""All that is on the page: its clusters, tabs and crowd, and what is told of them."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

import msgspec
from rich.text import Text

from sessionlab.lab.bench.actions import BALANCER
from sessionlab.lab.description.cluster import BALANCER as BUILTIN
from sessionlab.lab.errors import StepError
from sessionlab.lab.fabrics.external import ExternalFabric
from sessionlab.lab.page.desk import sending, visitors
from sessionlab.lab.page.desk.acting import acted
from sessionlab.lab.page.desk.choosing import choices
from sessionlab.lab.page.desk.crowd import Crowds
from sessionlab.lab.page.desk.outside import Outside
from sessionlab.lab.page.desk.pushing import Pushing
from sessionlab.lab.page.desk.sides import Sides
from sessionlab.lab.page.desk.stream import Listener, Stream, event
from sessionlab.lab.page.model.news import Happened
from sessionlab.lab.page.model.state import State, Unable
from sessionlab.lab.page.recording.recorder import USUAL, Recorder
from sessionlab.lab.page.seen.sendings import Sendings
from sessionlab.lab.page.seen.together import Together
from sessionlab.lab.page.stories.tellings import Tellings
from sessionlab.lab.scenario.lab import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sessionlab.lab.cluster.inventory import PartState
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.page.desk.side import Side
    from sessionlab.lab.page.model.doing import Act, Done, NewCluster
    from sessionlab.lab.page.model.stories import Ending
    from sessionlab.lab.page.model.visitors import Crowd, NewCrowd, NewTab, Send, Sent, Tab

_RELEASE = version("sessionlab")
PAUSE = 0.05  # seconds between two looks at the logs


class Desk:
    """`show` gets every line for the terminal, `stream` what the page hears.

    `look` is called again and again, and ends it by what it raises.
    """

    def __init__(
        self,
        description: Description,
        fabric: Fabric,
        events: Events,
        redis_url: str | None = None,
        show: Callable[[Text], None] = lambda _: None,
        look: Callable[[], None] = lambda: None,
        label: str = "up",
        recordings: Path = USUAL,
    ) -> None:
        self.fabric, self.events, self.run_name = fabric, events, ""
        self.show, self._look = show, look
        self.redis_url = redis_url
        self.stream, self.sendings = Stream(), Sendings()
        self.visitors, self.crowds = visitors.Visitors(), Crowds()
        self.sides = Sides(
            *(fabric, events, redis_url, label),
            entered=self._enter,
            left=self._leave,
            says=lambda said: show(Text(said, "yellow")),
        )
        self.recorder = Recorder(recordings, fabric.name)
        settings = Settings(
            fabric=fabric.name,
            balancer=description.balancer or BUILTIN,
            redis_url=redis_url,
            app=description.app,
        )
        self.tellings = Tellings(fabric, settings, self._news)
        self._outside = None
        if isinstance(fabric, ExternalFabric):
            self._outside = Outside(fabric.target, self.sides, self.tellings, settings)
        self._first = description
        self._watching: dict[Side, asyncio.Task[None]] = {}
        self._over: BaseException | None = None
        self._left = False
        self._states = Together(self._state)
        self._pushing = Pushing(self.state, self.stream)
        self.changed = self._pushing.changed

    @property
    def unable(self) -> Unable:
        """What cannot be done here at all, and why."""
        return self._outside.unable if self._outside else Unable()

    @property
    def a(self) -> Side:
        """The cluster that keys and `sessionlab do` are about."""
        return self.sides.named("a")

    async def __aenter__(self) -> Self:
        self.events.listen(self._hear)
        try:
            await self.sides.first(self._first)
            if self._outside:
                self._outside.meet()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all of it; raises what the end of the first cluster says of this machine."""
        self.crowds.close()
        if self._outside:
            self._outside.close()
        await self.tellings.close()
        await self.sides.close()

    async def run(self) -> None:
        """Tell what happens until `leave`; raises StartError when a's balancer ends by itself."""
        pushing = asyncio.create_task(self._pushing.run())
        try:
            while not self._left:
                self._look()
                self._tell_requests()
                if self._over:
                    raise self._over
                await asyncio.sleep(PAUSE)
        finally:
            pushing.cancel()

    def leave(self) -> None:
        """End `run`."""
        self._left = True

    def parts(self) -> list[PartState]:
        """Those of the first cluster, as they are now."""
        return self.a.parts()

    def fail(self, error: BaseException) -> None:
        """End `run` by that."""
        self._over = self._over or error

    # What is asked of it

    async def state(self) -> State:
        """Made once for all who ask at the same time, and no older than the asking."""
        return await self._states.value()

    async def _state(self) -> State:
        clusters = await asyncio.gather(
            *(side.state(self.visitors.clients(side.id)) for side in self.sides)
        )
        return State(
            sessionlab=_RELEASE,
            run=self.run_name,
            at=round(self.events.now(), 3),
            clusters=clusters,
            tabs=self.visitors.shown(self.sides),
            crowd=self.crowds.now,
            choices=choices(self.a.description),
            users=visitors.names(self.a),
            unable=msgspec.structs.replace(self.unable, record=self.recorder.why_not),
        )

    async def act(self, act: Act, wanted: Callable[[], bool] = lambda: True) -> Done:
        """Do it at a, at b, or at all of them."""
        self.changed()
        try:
            return await acted(act, self.sides, wanted)
        finally:
            self.changed()

    async def put(self, id_: str, wanted: NewCluster) -> State:
        """Have such a cluster in that place, and nothing less when this returns."""
        if why := self.unable.beside if id_ == "b" else self.unable.switch:
            raise StepError(why)
        self.changed()
        try:
            await self.sides.put(id_, wanted)
        finally:
            self.changed()
        side, at = self.sides.named(id_), round(self.events.now(), 3)
        self._tell(Happened(at, "cluster.replaced", "", id_, f"cluster {id_} is now {side.title}"))
        return await self.state()

    async def end(self, id_: str) -> State:
        """Take away the cluster beside the first."""
        try:
            await self.sides.end(id_)
        finally:
            self.changed()
        return await self.state()

    def open_tab(self, wanted: NewTab) -> Tab:
        tab = self.visitors.open(wanted, self.sides)
        self.changed()
        return visitors.shown(tab, self.sides)

    async def close_tab(self, id_: str) -> None:
        await self.visitors.close(id_, self.sides)
        self.changed()

    async def send(self, id_: str, wanted: Send) -> Sent:
        try:
            return await sending.sent(self.visitors.tab(id_), wanted, self.sides, self.sendings)
        finally:
            self._tell_requests()
            self.changed()

    async def crowd(self, wanted: NewCrowd) -> Crowd:
        crowd = await self.crowds.want(wanted, self.sides)
        self.changed()
        return crowd

    async def greet(self, listener: Listener) -> None:
        """Tell the state to one who begins to listen."""
        listener.put(event("state", await self.state()))

    # What it does by itself

    def _enter(self, side: Side) -> None:
        """Whoever is on the page meets a new cluster."""
        self.visitors.enter(side)
        self.crowds.enter(side)

        def told(sentence: str) -> None:
            self.stream.send("view", {"cluster": side.id, "sentence": sentence})
            self.changed()

        self._watching[side] = asyncio.create_task(side.live.watch(told))

    def _leave(self, side: Side) -> None:
        """And meets it no longer."""
        self.visitors.leave(side.id)
        self.crowds.leave(side.id)
        if watching := self._watching.pop(side, None):
            watching.cancel()

    def _tell_requests(self) -> None:
        now = self.events.now()
        for side in self.sides:
            if side.is_up:
                requests, lines = side.new(self.sendings)
                self.stream.send_requests(requests, now)
                for line in lines:
                    self.show(line)
                if requests:
                    self.changed()

    def _hear(self, heard: Event) -> None:
        label = heard.data.get("cluster")
        side = next((one for one in self.sides if one.label == label), None)
        if side is None or (told := side.hear(heard)) is None:
            return
        self._tell(told)
        if self._outside:
            self._outside.hear(heard)
        if told.kind == "balancer.ended" and side.id == "a":
            self._over = side.cluster.inventory.end_of(BALANCER)
        self.changed()

    def _tell(self, told: Happened) -> None:
        self._tell_requests()  # those that came before
        self.stream.send("event", told)
        where = "" if told.cluster == "a" or not told.part else f"{told.cluster}: "
        self.show(Text(f"{told.at:7.1f} s  {where}{told.text}", "bold"))

    def _news(self, telling: str, count: int, ending: Ending) -> None:
        self.stream.send("telling", {"id": telling, "count": count, "ending": ending})
