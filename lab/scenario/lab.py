"""What a story is given: clusters to build, clients to send, claims to make."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar, Unpack

from sessionlab.lab.clients.traffic import PAUSE, Does, Traffic
from sessionlab.lab.clients.turns import Turns, in_place, shuffled
from sessionlab.lab.cluster.cluster import PART, Cluster
from sessionlab.lab.description.cluster import (
    BALANCER,
    SERVICE,
    Description,
    Wishes,
)
from sessionlab.lab.description.tokens import read_token
from sessionlab.lab.errors import Skip
from sessionlab.lab.events import PART_TOLD
from sessionlab.lab.fabrics.interface import Fabric, ManyAddresses
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.faults.interface import Broken
from sessionlab.lab.record.answers import Answer, Answers
from sessionlab.lab.record.claims import Claim, judge
from sessionlab.lab.record.history import History
from sessionlab.lab.record.steps import Telling, names, step
from sessionlab.lab.record.tables import Table
from sessionlab.lab.scenario.fitting import Asked
from sessionlab.lab.scenario.settings_told import Told, marked
from sessionlab.lab.scenario.unawaited import block_ends, to_be_entered
from sessionlab.lab.verdicts.not_shown import KIND
from sessionlab.lab.verdicts.story_time import in_story_time
from sessionlab.lab.verdicts.users import Users
from sessionlab.lab.waiting import side_by_side

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.description.target import Target
    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.recipes.chosen import Chosen

T = TypeVar("T")
PARTS_AT_ONCE = 3
Sabotage = Callable[[Description], Description]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked for. `sabotage` changes each cluster behind its story's back.

    The fabric of that name is made with `fabric_options`: `external` with its `target`. With
    `allow_skips` it is no failure that every story was skipped. With an `app` the nodes of all
    clusters are copies of it.
    """

    fabric: str = "local"
    balancer: str = BALANCER
    nodes: int = SERVICE.nodes
    seed: int = 1
    redis_url: str | None = None
    sabotage: Sabotage | None = None
    fabric_options: Mapping[str, Target] = field(default_factory=dict)
    allow_skips: bool = False
    app: Chosen | None = None


SETTINGS = Settings()
"""What a run is where nothing is asked for."""


class Lab:
    """One scenario's way to the world; the runner makes one for each."""

    def __init__(
        self,
        settings: Settings,
        fabric: Fabric,
        events: Events,
        scenario: str = "",
        folder: Path = Path(),
        history: History | None = None,
    ) -> None:
        self.nodes = settings.nodes
        self.random = Random(f"{settings.seed}/{scenario}")  # noqa: S311  a schedule, no secret
        self._turns = Turns(f"{settings.seed}/{scenario}/turns")
        self.history = History() if history is None else history
        self.claims: list[Claim] = []
        self.tables: list[Table] = []
        self._settings = settings
        self._fabric = fabric
        self._events = events
        self._scenario = scenario
        self._telling: Telling = partial(events.step, scenario, "")
        self._folder = folder
        self._clusters = 0
        self._parts: dict[str, object] = {}
        self._left_out: dict[str, str] = {}
        self.told: Sequence[Event] = ()  # what has happened in this story, so far

    def cluster(
        self,
        strategy: str = "",
        *,
        app: str | Path | None = None,
        variant: str | None = None,
        nodes: int | None = None,
        services: Sequence[str] = (SERVICE.name,),
        options: Mapping[str, str] | None = None,
        called: str = "",
        **wishes: Unpack[Wishes],
    ) -> Cluster:
        """A cluster to be started with `async with`.

        Every one of `services` gets `nodes` nodes (the run's `--nodes` when not given) with the
        same `strategy` and the same further node `options`. The way to a service is its name as
        the first part of the path, when there are several. Of several clusters of a story reports
        call this one `called`, or else by what the others have not. The further `wishes` are as
        in `Description`: affinity, algorithm, redis, redis_keeps, jwt_algorithm, one_key, tls,
        trust_balancer, balancer_options, links.

        With an `app` (a recipe, relative to the story's own folder) the nodes are copies of it,
        in that `variant`; it takes no strategy, services or options.
        """
        count = self.nodes if nodes is None else nodes
        path = None if app is None else self._folder / app
        asked = Asked(count, strategy, services, options or {}, wishes, path, variant)
        wanted = asked.services_of(self._settings.app)
        return self._build(Description(wanted, self._settings.balancer, **wishes), called)

    def single_server(
        self,
        strategy: str = "",
        options: Mapping[str, str] | None = None,
        *,
        app: str | Path | None = None,
        variant: str | None = None,
    ) -> Cluster:
        """One node and nothing in front of it: clients talk to the server itself."""
        path = None if app is None else self._folder / app
        asked = Asked(1, strategy, (SERVICE.name,), options or {}, {}, path, variant)
        return self._build(Description(asked.services_of(self._settings.app), None))

    def addresses(self, count: int) -> list[str]:
        """Addresses for that many clients to come from, each its own, drawn at random.

        None where a fabric gives all its clients the same one.
        """
        return self._drawn_addresses(count, self.random)

    def claim(self, text: str, *, expected: object, observed: object) -> None:
        """Say what should have been seen, and what was; unequal values break the claim."""
        claim = judge(text, expected, observed)
        self.claims.append(claim)
        self._events.emit("claim.judged", self._scenario, **asdict(claim))

    @step
    async def one_by_one(self, clients: Sequence[Client], does: Does) -> Answers:
        """All clients do the same, one after the other, in an order that is drawn from the seed.

        Their answers come in the clients' order.
        """
        order = shuffled(len(clients), self._turns.of(clients))
        return Answers(in_place([await does(clients[number]) for number in order], order))

    def show(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table below the claims; 78 characters a line are what a terminal has for it."""
        rows = marked(columns, rows, self._parts, self._left_out)
        self.tables.append(Table(columns, rows))

    def users_of(self, cluster: Cluster) -> Users:
        """What became of each user of a cluster so far: see `lab.verdicts.fates`."""
        mine = [operation for operation in self.history if operation.cluster == cluster.label]
        return Users.of(*in_story_time(mine, self.told))

    @step
    async def everyone(self, clients: Sequence[Client], does: Does) -> Answers:
        """All clients do the same at the same time; their answers in the clients' order.

        Who begins is drawn from the seed, at every step anew.
        """
        order = shuffled(len(clients), self._turns.of(clients))
        return Answers(in_place(await side_by_side([does(clients[n]) for n in order]), order))

    async def at_once(self, *steps: Coroutine[object, object, Answer]) -> Answers:
        """Several requests at the same time, of one client or of more; the answers in order."""
        with self._telling("at_once", lambda: {"times": len(steps)}):
            pass  # each of them is told, too
        order = shuffled(len(steps), self._turns.of(()))
        return Answers(in_place(await side_by_side([steps[n] for n in order]), order))

    @step
    async def everyone_often(
        self, clients: Sequence[Client], times: int, does: Does
    ) -> list[Answers]:
        """All clients do the same that many times, each time in another order; by client."""
        rounds = [await self.everyone(clients, does) for _ in range(times)]
        return [Answers(turn[number] for turn in rounds) for number in range(len(clients))]

    async def side_by_side(self, parts: Mapping[str, Coroutine[object, object, T]]) -> dict[str, T]:
        """Tell several parts of a story side by side; what each returns, by its name.

        Reports call the clusters of a part by that name, so it says what is special about them.
        A part that cannot be told on this cluster is left out: a note says so, and a table of the
        parts marks its row. Raises Skip when none can be.
        A few at a time: more clusters that start at once only keep each other waiting.
        """
        places = asyncio.Semaphore(PARTS_AT_ONCE)

        async def told(name: str, part: Coroutine[object, object, T]) -> T | Skip:
            async with places:
                PART.set(name)  # in a task of its own
                try:
                    return await part
                except Skip as skip:
                    return skip
                finally:
                    self._events.tell_followers(PART_TOLD, self._scenario)

        try:
            ends = await side_by_side([told(name, part) for name, part in parts.items()])
        finally:
            for part in parts.values():
                part.close()  # those that an error elsewhere kept from beginning
        return self._fitting(dict(zip(parts, ends, strict=True)))

    def asking(self, clients: Sequence[Client], does: Does, pause: float = PAUSE) -> Traffic:
        """Clients that keep asking until the `async with` block ends.

        Each pauses between an answer and its next request, for `pause` seconds on average.
        """
        with self._telling("asking", lambda: {"who": names(clients), "what": does.__name__}):
            pass  # it begins, and other steps are told while it lasts
        return to_be_entered(Traffic(clients, does, pause, drawn=self._turns.of(clients)))

    def fault(
        self, name: str, cluster: Cluster, node: str = "n1", **parameters: str | float | bool
    ) -> Broken:
        """Break a cluster by name, and mend it at the end of the block.

        `sessionlab list` has the names, and what parameters each takes. What is about a link takes
        a cluster with `links`, unless its fabric has a real network.
        """
        return to_be_entered(Broken(FAULTS.named(name), cluster, node, parameters))

    @step
    async def until_expired(self, client: Client) -> None:
        """Wait until the client's token has reached its end (`exp`); a credential without one has.

        `exp` is in whole seconds of the wall clock (RFC 7519, 4.1.4).
        """
        end = read_token(client.credential).get("exp", 0)
        await asyncio.sleep(max(0.0, end - time.time()) + 0.01)

    def _fitting(self, ends: Mapping[str, T | Skip]) -> Told[T]:
        """What the parts returned that could be told; notes those that could not."""
        skipped = {name: end for name, end in ends.items() if isinstance(end, Skip)}
        if ends and len(skipped) == len(ends):
            raise next(iter(skipped.values()))
        for name, skip in skipped.items():
            self._events.emit(KIND, self._scenario, setting=name, reason=str(skip))
        found = {name: end for name, end in ends.items() if not isinstance(end, Skip)}
        self._parts |= found
        self._left_out |= {name: str(skip) for name, skip in skipped.items()}
        return Told(found, skipped)

    def _drawn_addresses(self, count: int, drawn: Random) -> list[str]:
        many = self._fabric if isinstance(self._fabric, ManyAddresses) else None
        return many.addresses(count, drawn) if many else []

    def _sources(self, description: Description) -> Callable[[int], list[str]]:
        """Addresses for clients that a story gave none, where it is the address that decides."""
        drawn = Random(f"{self._scenario}/{self._settings.seed}/{self._clusters}")  # noqa: S311

        def sources(count: int) -> list[str]:
            if not description.by_source:
                return []
            with suppress(Skip):  # one address has to do, as it does for who asks for no other
                return self._drawn_addresses(count, drawn)
            return []

        return sources

    def _build(self, description: Description, called: str = "") -> Cluster:
        self._clusters += 1
        if self._settings.sabotage:
            description = self._settings.sabotage(description)
        return Cluster(
            description,
            self._fabric.sandbox(f"{self._scenario or 'cluster'}-{self._clusters}"),
            history=self.history,
            events=self._events,
            scenario=self._scenario,
            called=called,
            redis_url=self._settings.redis_url,
            block_ends=block_ends,
            sources=self._sources(description),
        )
