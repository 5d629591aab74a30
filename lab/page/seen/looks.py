"""Looks at a running cluster: parts, balancer, store. Bounded in time, and raises nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.cluster.inventory import Kind, State
from sessionlab.lab.page.model.state import Balancing, Part, Store
from sessionlab.lab.page.seen import balancing, nodes, store
from sessionlab.lab.page.seen.lately import Lately
from sessionlab.lab.page.seen.nodes import NodeSeen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.cluster.inventory import PartState
    from sessionlab.lab.page.model.visitors import Request

MOMENT = 0.1  # seconds that are waited for nodes
NODES_A_SECOND = 50  # that are asked, at most
CLOSED = RuntimeError  # aiohttp's and uvloop's, of what was closed meanwhile
UNFIT = (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError, AttributeError, CLOSED)
SILENT = {
    State.ENDED: "has ended, so it says nothing",
    State.FROZEN: "is frozen, so it says nothing",
}
"""Why a part can't answer, as far as the lab has seen to it."""


def silent(cluster: Cluster, kind: Kind) -> str:
    """Of what there is one of: why it can't answer, empty where it can."""
    states = [part.state for part in cluster.inventory.parts() if part.kind is kind]
    return next((SILENT[state] for state in states if state in SILENT), "")


class Looks:
    """One for each cluster on the page; `close` it with the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._http: aiohttp.ClientSession | None = None
        self._moved: dict[str, Request] = {}
        self._known: dict[str, NodeSeen] = {}
        self._closed = asyncio.Event()
        wanted = sum(service.nodes for service in cluster.description.services)
        every = max(0.5, wanted / NODES_A_SECOND)
        self._nodes = Lately(self._ask_nodes, every, MOMENT)

    def heard(self, requests: Iterable[Request]) -> None:
        """Note the requests of tabs that have made or moved their pins, to say why they are so."""
        for one in requests:
            if one.tab and one.pin[1:2] == "I":
                self._moved[one.tab] = one

    async def parts(self, answered: Mapping[str, int]) -> list[Part]:
        """Every part; `answered` is how many requests each node has answered on this page.

        None any more once it is closed: who looks may do so while another cluster takes its place.
        """
        if self._closed.is_set():
            return []
        try:
            looked, said = await asyncio.gather(
                self._cluster.inventory.looked_at(), self._nodes.value()
            )
        except CLOSED:
            if self._closed.is_set():
                return []
            raise
        return [self._part(one, said, answered.get(one.name, 0)) for one in looked]

    async def balancing(self, tabs: Mapping[str, Client] | None = None) -> Balancing:
        """What the balancer knows and would do next; `tabs` are those whose pins are told."""
        if why := silent(self._cluster, Kind.BALANCER):
            return Balancing(why=f"the balancer {why}", next_why=f"the balancer {why}")
        if self._closed.is_set():
            return Balancing()
        return await self._ask_balancer(tabs or {})

    async def store(self) -> Store | None:
        """What Redis holds; None for a cluster without one."""
        if why := silent(self._cluster, Kind.REDIS):
            return Store(why=f"Redis {why}")
        return None if self._closed.is_set() else await self._ask_store()

    async def close(self) -> None:
        """Give back what it has open."""
        self._closed.set()
        await self._nodes.settle()
        if self._http:
            await self._http.close()

    @property
    def _asking(self) -> aiohttp.ClientSession:
        self._http = self._http or aiohttp.ClientSession()
        return self._http

    def _part(self, one: PartState, said: Mapping[str, NodeSeen], requests: int) -> Part:
        has_ended = one.state is State.ENDED  # since it was asked, perhaps
        seen = NodeSeen() if has_ended else said.get(one.name, NodeSeen())
        known = (one.name, one.kind, one.address, one.state, one.pid, one.seen, one.how)
        return Part(*known, seen.version, seen.sessions, requests)

    async def _ask_nodes(self) -> dict[str, NodeSeen]:
        """A frozen node has what it had; of one that does not answer only its version is known."""
        cluster = self._cluster
        if cluster.description.app:
            return {node.name: NodeSeen(node.version or "") for node in cluster.nodes.values()}
        states = {one.name: one.state for one in cluster.inventory.parts()}
        asked = [n for n in cluster.nodes.values() if states.get(n.name) is State.RUNNING]
        kept = {
            name: seen if states[name] is State.FROZEN else NodeSeen(seen.version)
            for name, seen in self._known.items()
            if states.get(name) in (State.RUNNING, State.FROZEN)
        }
        self._known = kept | await nodes.seen(self._asking, asked)
        return self._known

    async def _ask_balancer(self, tabs: Mapping[str, Client]) -> Balancing:
        cluster = self._cluster
        if cluster.description.balancer is None:
            return Balancing(why="there is no balancer")
        if (admin := cluster.inventory.admin_url) is None:
            name, affinity = cluster.description.balancer, cluster.description.affinity
            why = balancing.UNTIED if affinity == "none" else f"{name} does not tell whom it ties"
            return Balancing(why=why, next_why=f"{name} does not tell whom it would choose next")
        whose: dict[str, list[str]] = {}
        for tab, client in tabs.items():
            for value in (*client.held.values(), client.source):
                whose.setdefault(value, []).append(tab)
        try:
            about = cluster.description, cluster.nodes.values()
            return await balancing.balancing(self._asking, admin, *about, whose, self._moved)
        except UNFIT:
            why = "the balancer does not answer when it is asked"
            return Balancing(why=why, next_why=why)

    async def _ask_store(self) -> Store | None:
        redis = self._cluster.inventory.redis
        if redis is None:
            return None
        from redis.exceptions import RedisError, ResponseError  # noqa: PLC0415  slow, and most clusters have none

        try:
            async with redis.client(store.GLANCE) as client:
                return await store.store(client, is_ours=redis.part is not None)
        except ResponseError as error:
            return Store(why=f"Redis refuses to be looked at: {error}")
        except (RedisError, *UNFIT):
            return Store(why="Redis does not answer")
