"""A cluster on the page, from its start until another takes its place, and what is kept of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sessionlab.lab.bench.actions import ACTIONS, BALANCER, Hands, targets
from sessionlab.lab.bench.lines import Lines
from sessionlab.lab.bench.requests import Requests
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.processes import how_ended
from sessionlab.lab.page.desk.meanwhile import Looks, shown
from sessionlab.lab.page.desk.told import Told, lines_of
from sessionlab.lab.page.model import state as model
from sessionlab.lab.recipes.model import CONVERSATIONS
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from sessionlab.lab.cluster.inventory import PartState
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.page.model.visitors import Request
    from sessionlab.lab.page.seen.sendings import Sendings

NOUNS = ("node", "redis", "balancer", "part", "deploy", "keys")
WORDS = {"paused": "frozen", "resumed": "thawed"}


class Side:
    """`generation` tells it from those that were in its place before; `label` is its sandbox's.

    `history` holds what the page's own clients asked it, `heard` what happened to it: what a view
    of it is made of.
    """

    def __init__(
        self,
        id_: model.Id,
        generation: int,
        description: Description,
        fabric: Fabric,
        events: Events,
        redis_url: str | None,
        label: str,
    ) -> None:
        self.id, self.generation, self.description = id_, generation, description
        self.label = label
        self.history, self.heard = History(), list[Any]()
        self.began = events.now()
        self.condition: model.Condition = "starting"
        self.why = ""
        self._fabric, self._events = fabric, events
        self.cluster = Cluster(
            description,
            fabric.sandbox(self.label),
            history=self.history,
            events=events,
            redis_url=redis_url,
        )
        self.hands = Hands(self.cluster)
        self.looks = Looks(self.cluster)
        self.answered: Counter[str] = Counter()
        self._requests = Requests(self.cluster.inventory)
        self._lines = Lines()

    async def open(self) -> None:
        """Start it; raises what a cluster raises, and leaves nothing then."""
        await self.cluster.__aenter__()
        self.condition = "ready"

    async def close(self) -> None:
        """End all of it; raises NothingShown where the machine had too little for it."""
        self.condition = "ended"
        await self.looks.close()
        await self.cluster.close()

    def new(self, sendings: Sendings) -> tuple[list[Request], list[Text]]:
        """The requests that came since the last time, for the page and for the terminal."""
        began = time.time() - self._events.now()
        found = [(request.at - began, request) for request in self._requests.new()]
        for _, request in found:
            self.answered[request.node] += 1
        requests = [shown(one, round(at, 3), self.id, sendings) for at, one in found]
        return requests, list(self._lines.of(found, self._events.now()))

    def hear(self, event: Event) -> Told | None:
        """Keep what has happened here, and say it in words; None for what is not to be told."""
        if event.kind not in ("request.completed", "part.log"):
            self.heard.append(event)
        noun, _, verb = event.kind.partition(".")
        if noun not in NOUNS or event.kind == "part.log":
            return None
        who = str(event.data.get("node") or event.data.get("part") or noun)
        words = WORDS.get(verb, verb)
        if verb == "ended":
            words = f"ended by itself, {how_ended(int(str(event.data['status'])))}"
        if noun == "deploy":
            words = f"of version {event.data.get('version')} {verb}"
        if event.kind == "balancer.ended":
            self.condition = "failed"
            self.why = str(self.cluster.inventory.end_of(BALANCER) or f"{who} {words}")
        elif event.kind in ("balancer.started", "balancer.restarted"):
            self.condition, self.why = "ready", ""
        return Told(event.at, event.kind, who, f"{who} {words}", self.id)

    # What is said of it

    def parts(self) -> list[PartState]:
        """As they are now, without what it takes time to ask."""
        return self.cluster.inventory.parts()

    async def state(self) -> model.Cluster:
        description = self.description
        parts = self.cluster.inventory.parts() if self.condition != "ended" else []
        app = description.app
        return model.Cluster(
            id=self.id,
            generation=self.generation,
            condition=self.condition,
            why=self.why,
            url=self.cluster.url if self.condition in ("ready", "failed") else "",
            strategy=description.services[0].strategy,
            balancer=description.balancer or "",
            affinity=description.affinity,
            algorithm=description.algorithm,
            nodes=len(self.cluster.nodes),
            fabric=self._fabric.name,
            app=app.title if app else "",
            doing=self.hands.doing or None,
            parts=await self._parts(),
            actions=self._actions(parts),
            balancing=await self.looks.balancing(),
            store=await self.looks.store(),
            can=[one for one in CONVERSATIONS if self.cluster.recipe.steps(one)],
            lines=lines_of(self.cluster.recipe),
        )

    async def _parts(self) -> list[model.Part]:
        return await self.looks.parts(self.answered)

    def _actions(self, parts: Sequence[PartState]) -> list[model.Action]:
        return [
            model.Action(
                do=name,
                does=action.does,
                takes_part=bool(action.to),
                parts=[part.name for part in targets(action, parts)],
                options=list(action.words()),
            )
            for name, action in ACTIONS.items()
        ]

    async def contract(self) -> dict[str, Any]:
        """What `GET /cluster` has always answered: see docs/bench.md."""
        parts, description = await self.cluster.inventory.looked_at(), self.description
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
