"""A cluster on the page, from its start until another takes its place, and what is kept of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, replace
from random import Random
from typing import TYPE_CHECKING, Any

from msgspec import structs

from sessionlab.lab.bench.actions import ACTIONS, BALANCER, Hands, targets
from sessionlab.lab.bench.lines import Lines
from sessionlab.lab.bench.requests import Requests
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.processes import how_ended
from sessionlab.lab.errors import Skip
from sessionlab.lab.fabrics.interface import ManyAddresses
from sessionlab.lab.page.desk.by_hand import EXTERNAL, by_hand
from sessionlab.lab.page.desk.told import can, lines_of, why_not
from sessionlab.lab.page.model import state as model
from sessionlab.lab.page.model.news import Happened
from sessionlab.lab.page.model.visitors import MOST_CROWD
from sessionlab.lab.page.seen.live import Live
from sessionlab.lab.page.seen.looks import Looks
from sessionlab.lab.page.seen.own import Own
from sessionlab.lab.page.seen.sendings import LOOK
from sessionlab.lab.page.seen.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.cluster.inventory import PartState
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.page.model.visitors import Request
    from sessionlab.lab.page.seen.sendings import Sendings

PLACES = 2 * MOST_CROWD  # that clients come from
NOUNS = ("node", "redis", "balancer", "part", "deploy", "keys")
STACK = "stack"
PATIENCE = 5.0  # seconds that a person waits for an answer
WORDS = {"paused": "frozen", "resumed": "thawed"}


class Side:
    """`generation` tells it from those that were in its place before; `label` is its sandbox's.

    `live` has what the page's own clients saw, and what happened to it.
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
        self.id, self.generation, self.label = id_, generation, label
        self.condition: model.Condition = "starting"
        self.why = ""
        self._description, self._fabric, self._events = description, fabric, events
        self.live = Live(events, label)
        self.cluster = Cluster(
            description,
            fabric.sandbox(label),
            history=self.live.history,
            events=events,
            redis_url=redis_url,
        )
        self.hands = Hands(self.cluster)
        self.looks = Looks(self.cluster)
        self._answered: Counter[str] = Counter()
        self._own = Own(self.live.history, events.now) if fabric.name == EXTERNAL else None
        self._requests = self._own or Requests(self.cluster.inventory)
        self._lines = Lines()
        self._sources = _sources(description, fabric)
        self.is_up = False
        """Whether its parts are there to be looked at, be they alive or not."""

    @property
    def description(self) -> Description:
        """What it was built of; another like it has the same password."""
        if self._description.app:
            return self._description
        return replace(self._description, password=self.cluster.password)

    @property
    def title(self) -> str:
        """What it is built of, in a line."""
        what = self._description
        app = what.app.title if what.app else what.services[0].strategy
        return f"{app}, {what.algorithm}, affinity {what.affinity}"

    async def open(self) -> None:
        """Start it; raises what a cluster raises, and leaves nothing then."""
        try:
            await self.cluster.__aenter__()
        except BaseException:
            self.live.close()
            raise
        self.is_up, self.condition = True, "ready"

    async def close(self) -> None:
        """End all of it; raises NothingShown where the machine had too little for it."""
        was_up, self.is_up = self.is_up, False
        self.condition = "ended"
        self.live.close()
        if was_up:
            await self.looks.close()
            await self.cluster.close()

    def fail(self, why: str) -> None:
        """It has come to nothing."""
        self.condition, self.why = "failed", why

    def client(self, who: str | Person, place: int) -> Client:
        """A client of it; where the address that it comes from decides, each place has its own."""
        source = self._sources[place % len(self._sources)] if self._sources else None
        client = self.cluster.client(who, source, patience=PATIENCE)
        if self._own:
            self._own.know(client)
        return client

    def new(self, sendings: Sendings) -> tuple[list[Request], list[Text]]:
        """The requests that came since the last time, for the page and for the terminal."""
        began = time.time() - self._events.now()
        read = [one for one in self._requests.new() if one.id != LOOK]  # the page's own looks
        self._answered.update(one.node for one in read)
        found = [(one.at - began, one) for one in read]
        requests = [shown(one, at, self.id, sendings) for at, one in found]
        self.looks.heard(requests)
        return requests, list(self._lines.of(found, self._events.now()))

    def hear(self, event: Event) -> Happened | None:
        """Say in words what has happened here; None for what is not to be told."""
        noun, _, verb = event.kind.partition(".")
        if noun == STACK:
            return self._hear_stack(event, verb)
        if noun not in NOUNS or event.kind == "part.log":
            return None
        who = str(event.data.get("node") or event.data.get("part") or noun)
        words = WORDS.get(verb, verb)
        if verb == "ended":
            words = f"ended by itself, {how_ended(int(str(event.data['status'])))}"
        if noun == "deploy":
            words = f"of version {event.data.get('version')} {verb}"
        if event.kind == "balancer.ended":
            self.fail(str(self.cluster.inventory.end_of(BALANCER) or f"{who} {words}"))
        elif event.kind in ("balancer.started", "balancer.restarted") and not self._own:
            self.condition, self.why = "ready", ""
        return self._happened(event, who, f"{who} {words}")

    def _hear_stack(self, event: Event, verb: str) -> Happened:
        """The same of one that the lab did not start: it is away, is back, or is another."""
        why, text = str(event.data.get("why", "")), "the stack is up again"
        if verb == "strategy":
            text = f"the stack is another one now: its nodes say {event.data['strategy']}"
        elif verb == "away":
            text = f"the stack is not up: {why}"
            self.fail(text)
        else:
            self.condition, self.why = "ready", ""
        return self._happened(event, "", text)

    def _happened(self, event: Event, who: str, text: str) -> Happened:
        return Happened(round(event.at, 3), event.kind, who, self.id, text)

    # What is said of it

    def parts(self) -> list[PartState]:
        """As they are now, without what it takes time to ask."""
        return self.cluster.inventory.parts() if self.is_up else []

    async def state(self, tabs: Mapping[str, Client]) -> model.Cluster:
        """All that is known of it; `tabs` are those whose pins are told."""
        description, recipe = self._description, self.cluster.recipe
        plain = model.Cluster(
            id=self.id,
            generation=self.generation,
            condition=self.condition,
            why=self.why,
            url=self.cluster.url if self.is_up else "",
            strategy=description.services[0].strategy,
            balancer=description.balancer or "",
            affinity=description.affinity,
            algorithm=description.algorithm,
            nodes=len(self.cluster.nodes),
            fabric=self._fabric.name,
            app=description.app.title if description.app else "",
            doing=self.hands.doing or None,
            can=can(recipe),
            lines=lines_of(recipe),
        )
        if not self.is_up:
            return plain
        parts, balancing, store = await asyncio.gather(
            self.looks.parts(self._answered),
            self.looks.balancing(tabs),
            self.looks.store(),
        )
        return structs.replace(
            plain,
            sentence=self.live.sentence,
            parts=parts,
            balancing=balancing,
            store=store,
            actions=self._actions(),
        )

    def _actions(self) -> list[model.Action]:
        parts, balancer = self.parts(), self._description.balancer or ""
        return [
            model.Action(
                **_told(name, parts),
                why_not=why_not(name, balancer, self._fabric.name),
                options=list(action.words()),
                by_hand=by_hand(name, action, self.cluster) if self._own else {},
            )
            for name, action in ACTIONS.items()
        ]

    async def contract(self) -> dict[str, Any]:
        """What `GET /cluster` has always answered: see docs/bench.md."""
        parts = await self.cluster.inventory.looked_at() if self.is_up else []
        description = self._description
        return {
            "url": self.cluster.url if self.is_up else "",
            "strategy": description.services[0].strategy,
            **{what: getattr(description, what) for what in ("balancer", "affinity", "algorithm")},
            "at": round(self._events.now(), 3),
            "doing": self.hands.doing or None,
            "parts": [asdict(part) for part in parts],
            "actions": [_told(name, parts) for name in ACTIONS],
        }


def _told(name: str, parts: Sequence[PartState]) -> dict[str, Any]:
    """An action, and what it can be done to now."""
    action = ACTIONS[name]
    return {
        "do": name,
        "does": action.does,
        "takes_part": bool(action.to),
        "parts": [part.name for part in targets(action, parts)],
    }


def _sources(description: Description, fabric: Fabric) -> list[str]:
    """Addresses for clients; none where one for all of them has to do."""
    if description.by_source and isinstance(fabric, ManyAddresses):
        with suppress(Skip):
            return fabric.addresses(PLACES, Random(1))  # noqa: S311  no secret
    return []
