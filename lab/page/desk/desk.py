"""All that is on the page: its clusters, tabs and crowd, and what is told of them."""

from __future__ import annotations

import asyncio
import contextlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

import msgspec
from rich.text import Text

from sessionlab.lab.bench.actions import BALANCER
from sessionlab.lab.errors import LabError
from sessionlab.lab.page.desk import sending, visitors
from sessionlab.lab.page.desk.choosing import choices
from sessionlab.lab.page.desk.crowd import Crowds
from sessionlab.lab.page.desk.side import Side
from sessionlab.lab.page.desk.stream import Listener, Stream, event
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.doing import Done
from sessionlab.lab.page.model.state import Id, State
from sessionlab.lab.page.seen.sendings import Sendings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.page.model.doing import Act
    from sessionlab.lab.page.model.visitors import Crowd, NewCrowd, NewTab, Send, Sent, Tab

_RELEASE = version("sessionlab")
PAUSE = 0.05  # seconds between two looks at the logs
BETWEEN_STATES = 0.34  # seconds, at least: three a second
IDLE = 1.0  # seconds after which it is looked whether the state has changed by itself


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
    ) -> None:
        self.fabric, self.events, self.run_name = fabric, events, ""
        self.show, self._look = show, look
        self.redis_url = redis_url
        self.stream, self.sendings = Stream(), Sendings()
        self.sides: dict[str, Side] = {}
        self.visitors, self.crowds = visitors.Visitors(), Crowds()
        self._first, self._label = description, label
        self._generation = 0
        self._over: BaseException | None = None
        self._left = False
        self._changed = asyncio.Event()
        self._last: State | None = None

    @property
    def a(self) -> Side:
        """The cluster that keys and `sessionlab do` are about."""
        return self.sides["a"]

    def side(self, id_: str, field: str = "cluster") -> Side:
        if id_ not in self.sides:
            raise WrongField(
                field, f"there is no cluster {id_[:8]!r}", "there: " + ", ".join(self.sides)
            )
        return self.sides[id_]

    async def __aenter__(self) -> Self:
        self.events.listen(self._hear)
        try:
            await self._open("a", self._first)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every cluster; raises what the end of the first says of this machine."""
        await self.crowds.close()
        for id_ in reversed(list(self.sides)):
            side = self.sides.pop(id_)
            await side.close()

    async def run(self) -> None:
        """Tell what happens until `leave`; raises StartError when a's balancer ends by itself."""
        pushing = asyncio.create_task(self._push())
        try:
            while not self._left:
                self._look()
                self._tell_requests()
                if pushing.done():
                    pushing.result()
                if self._over:
                    raise self._over
                await asyncio.sleep(PAUSE)
        finally:
            pushing.cancel()

    def leave(self) -> None:
        """End `run`."""
        self._left = True

    def fail(self, error: BaseException) -> None:
        """End `run` by that."""
        self._over = self._over or error

    # What is asked of it

    async def state(self) -> State:
        clusters = [await side.state() for side in list(self.sides.values())]
        return State(
            sessionlab=_RELEASE,
            run=self.run_name,
            at=round(self.events.now(), 3),
            clusters=clusters,
            tabs=self.visitors.shown(),
            crowd=self.crowds.now,
            choices=choices(self.a.description),
            users=visitors.names(self.a),
        )

    async def act(self, act: Act, wanted: Callable[[], bool] = lambda: True) -> Done:
        """Do it at a, at b, or at all of them; what could not be done anywhere is raised."""
        if act.cluster != "all":
            side = self.side(act.cluster)
            return Done(await self._did(side, act, wanted))
        done, refused = list[str](), dict[str, str]()
        first: LabError | None = None
        for side in list(self.sides.values()):
            try:
                done.append(await self._did(side, act, wanted))
            except LabError as error:
                first = first or error
                refused[side.id] = "; ".join(filter(None, (str(error), error.hint)))
        if first and not done:
            raise first
        return Done("; ".join(dict.fromkeys(done)), refused)

    async def _did(self, side: Side, act: Act, wanted: Callable[[], bool]) -> str:
        self.changed()
        try:
            return await side.hands.do(act.do, act.part, wanted)
        finally:
            self.changed()

    def open_tab(self, wanted: NewTab) -> Tab:
        tab = self.visitors.open(wanted, self.sides.values())
        self.changed()
        return visitors.shown(tab)

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

    def changed(self) -> None:
        """Have the state looked at soon: it may be another."""
        self._changed.set()

    # What it does by itself

    async def _open(self, id_: Id, description: Description) -> Side:
        number = self._generation
        label = f"{self._label}-{id_}{number}" if number else self._label
        told = (self.fabric, self.events, self.redis_url, label)
        side = Side(id_, number, description, *told)
        self._generation += 1
        self.sides[id_] = side
        await side.open()
        return side

    async def _push(self) -> None:
        """Send the state whenever it has changed, to who listens."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE):
                    await self._changed.wait()
            self._changed.clear()
            if self.stream.listeners:
                await self._push_state()
            await asyncio.sleep(BETWEEN_STATES)

    async def _push_state(self) -> None:
        state = await self.state()
        same = msgspec.structs.replace(state, at=0.0)
        if same != self._last:
            self._last = same
            self.stream.send("state", state)

    def _tell_requests(self) -> None:
        now = self.events.now()
        for side in list(self.sides.values()):
            if side.condition in ("ready", "failed"):
                requests, lines = side.new(self.sendings)
                self.stream.send_requests(requests, now)
                for line in lines:
                    self.show(line)
                if requests:
                    self.changed()

    def _hear(self, heard: Event) -> None:
        label = heard.data.get("cluster")
        side = next((one for one in self.sides.values() if one.label == label), None)
        if side is None or (told := side.hear(heard)) is None:
            return
        self._tell_requests()  # those that came before
        data = {"at": round(told.at, 3), "kind": told.kind, "part": told.part}
        self.stream.send("event", data | {"cluster": told.cluster, "text": told.text})
        where = "" if side.id == "a" else f"{side.id}: "
        self.show(Text(f"{told.at:7.1f} s  {where}{told.text}", "bold"))
        if told.kind == "balancer.ended" and side.id == "a":
            self._over = side.cluster.inventory.end_of(BALANCER)
        self.changed()
