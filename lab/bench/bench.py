"""A running cluster that people watch and break: what happens there is told as it happens."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sessionlab.lab.bench.actions import ACTIONS, BALANCER, Hands, targets
from sessionlab.lab.bench.lines import Lines
from sessionlab.lab.bench.requests import Requests
from sessionlab.lab.bench.stream import Stream
from sessionlab.lab.cluster.processes import how_ended
from sessionlab.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.events import Event, Events

PAUSE = 0.05  # seconds between two looks at the logs
NOUNS = ("node", "redis", "balancer", "part")
WORDS = {"paused": "frozen", "resumed": "thawed"}


class Bench:
    """`show` gets every line for the terminal; `stream` every request and event.

    `look` is called again and again, and ends it by what it raises.
    """

    def __init__(
        self,
        cluster: Cluster,
        events: Events,
        show: Callable[[Text], None],
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self.cluster = cluster
        self.hands = Hands(cluster)
        self.stream = Stream()
        self._events = events
        self.show = show
        self._look = look
        self._requests = Requests(cluster.inventory)
        self._lines = Lines()
        self._over: BaseException | None = None
        self._left = False
        self._steps: set[asyncio.Task[None]] = set()
        self._wanted = ""

    async def run(self) -> None:
        """Tell what happens until `leave`; raises StartError when the balancer ends by itself."""
        self._events.listen(self._hear)
        try:
            while not self._left:
                self._look()
                self._tell_requests()
                if self._over:
                    raise self._over
                await asyncio.sleep(PAUSE)
        finally:
            for task in self._steps:
                task.cancel()

    def leave(self) -> None:
        """End `run`."""
        self._left = True

    def act(self, name: str, part: str) -> None:
        """Do it, and show what was wrong if it can't be done; nothing waits for its turn here."""
        wanted = f"{name} {part}".rstrip()
        if doing := self._wanted or self.hands.doing:
            rest = f"so `{wanted}` is not done; one thing is done at a time"
            self.show(Text(f"`{doing}` is under way, {rest}", "yellow"))
            return
        self._wanted = wanted
        task = asyncio.get_running_loop().create_task(self._act(name, part))
        self._steps.add(task)
        task.add_done_callback(self._ended)

    async def state(self) -> dict[str, Any]:
        """What `GET /cluster` answers."""
        parts, description = await self.cluster.inventory.looked_at(), self.cluster.description
        return {
            "url": self.cluster.url,
            "strategy": description.services[0].strategy,
            **{what: getattr(description, what) for what in ("balancer", "affinity", "algorithm")},
            "at": round(self._events.now(), 3),
            "doing": self.hands.doing or None,
            "parts": [asdict(part) for part in parts],
            "actions": [
                {
                    "do": name,
                    "does": action.does,
                    "takes_part": bool(action.to),
                    "parts": [part.name for part in targets(action, parts)],
                }
                for name, action in ACTIONS.items()
            ],
        }

    async def _act(self, name: str, part: str) -> None:
        try:
            await self.hands.do(name, part)
        except LabError as error:
            self.show(Text("; ".join(filter(None, (str(error), error.hint))), "yellow"))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._steps.discard(task)
        self._wanted = ""
        if not task.cancelled():
            self._over = self._over or task.exception()  # a defect: nobody expects it

    def _tell_requests(self) -> None:
        began = time.time() - self._events.now()
        found = [(request.at - began, request) for request in self._requests.new()]
        for at, request in found:
            self.stream.send("request", {**asdict(request), "at": round(at, 3)})
        for line in self._lines.of(found, self._events.now()):
            self.show(line)

    def _hear(self, event: Event) -> None:
        noun, _, verb = event.kind.partition(".")
        if noun not in NOUNS or event.kind == "part.log":
            return
        who = str(event.data.get("node") or event.data.get("part") or noun)
        words = WORDS.get(verb, verb)
        if verb == "ended":
            words = f"ended by itself, {how_ended(int(str(event.data['status'])))}"
            if who == BALANCER:
                self._over = self.cluster.inventory.end_of(BALANCER)
        self._tell_requests()  # those that came before
        self.stream.send("event", {"at": round(event.at, 3), "kind": event.kind, "part": who})
        self.show(Text(f"{event.at:7.1f} s  {who} {words}", "bold"))
