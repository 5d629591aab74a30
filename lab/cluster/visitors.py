"""The clients of one cluster: who they log in as, where they come from, what they speak."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.network import ClientNetwork
from sessionlab.lab.clients.people import Person, people
from sessionlab.lab.clients.speaker import PATIENCE
from sessionlab.lab.recipes.demo import demo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sessionlab.lab.cluster.runtime import ClusterRuntime
    from sessionlab.lab.events import Events
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.history import History


@dataclass(frozen=True, slots=True)
class Audience:
    """What users know of a cluster whom another process acts out; `authority` is PEM, or empty.

    `words` are what all copies were given that a step may name.
    """

    people: Sequence[Person] = field(repr=False)
    words: Mapping[str, str] = field(repr=False)
    authority: str


@dataclass
class Visitors:
    """Makes them, and closes them. `told` is where they write down what they do."""

    runtime: ClusterRuntime
    told: tuple[History, Events, str, str]
    sources: Callable[[int], Sequence[str]]
    allow_script: bool

    def __post_init__(self) -> None:
        self._app = self.runtime.description.app
        self._stand_ins: dict[str, Person] = {}
        self._tabs: Counter[str] = Counter()
        self.clients: list[Client] = []

    @property
    def recipe(self) -> Recipe:
        """That of the cluster's app, or of our demo app."""
        return self._app.recipe if self._app else demo()

    def one(self, person: Person, url: str, source: str | None, patience: float) -> Client:
        """A client for that user, not logged in yet."""
        front = self.runtime.balancer
        edge = front.edge if front else None
        client = Client(
            person,
            self.recipe,
            url,
            *self.told,
            ClientNetwork(source, edge.believed() if edge else None),
            self._tabs[person.name],
            allow_script=self.allow_script,
        )
        client.patience, client.affinity = patience, self.runtime.description.affinity
        client.know(self.runtime.given())
        self.clients.append(client)
        self._tabs[person.name] += 1
        return client

    async def dismiss(self, client: Client) -> None:
        """Close one that nobody needs any more, and forget it; its number is not given again."""
        self.clients.remove(client)
        await client.close()

    def several(
        self, count: int, url: str, sources: Sequence[str], patience: float = PATIENCE
    ) -> list[Client]:
        """That many, each a different user as far as there are as many, from those addresses."""
        self.runtime.want_users(count)
        given = sources or self.sources(count)
        return [
            self.one(user, url, source, patience)
            for user, source in zip(self._accounts(count), cycle(given or [None]))
        ]

    def audience(self, count: int) -> Audience:
        """So many users; raises as `clients` do where there are fewer."""
        self.runtime.want_users(count)
        edge = self.runtime.balancer.edge if self.runtime.balancer else None
        authority = edge.authority if edge else ""
        return Audience(self._accounts(count), self.runtime.given(), authority)

    def person(self, name: str) -> Person:
        """Who that is; of an app that is not ours a name without an account stands for the next."""
        if self._app is None:
            return Person(name, self.runtime.password)
        accounts = {person.name: person for person in people(self.recipe, self._app.most_users)}
        if name in accounts:
            return accounts[name]
        if name not in self._stand_ins:
            taken = {person.name for person in self._stand_ins.values()}
            self.runtime.want_users(len(taken) + 1)
            free = [person for person in accounts.values() if person.name not in taken]
            self._stand_ins[name] = (free or [*accounts.values()])[0]
        return self._stand_ins[name]

    def secrets(self) -> set[str]:
        """What the clients of somebody's app hold or held; our own app prints none of it."""
        clients = self.clients if self._app else []
        return {secret for client in clients for secret in client.secrets}

    async def close(self) -> None:
        for client in self.clients:
            await client.close()

    def _accounts(self, count: int) -> list[Person]:
        if self._app:
            return people(self.recipe, count)
        password = self.runtime.password
        return [Person(f"user-{number:06d}", password) for number in range(1, count + 1)]
