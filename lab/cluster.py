"""A running cluster, and what a story can do to it."""

from __future__ import annotations

import asyncio
import secrets
import signal
from types import TracebackType
from typing import Self

import aiohttp

from lab.answers import Answers
from lab.balancers import BALANCERS
from lab.balancers.builtin import Builtin
from lab.balancers.interface import PART as BALANCER
from lab.balancers.interface import Balancer
from lab.client import Client
from lab.description import Description
from lab.errors import Skip, StartError, StepError
from lab.events import Events
from lab.fabrics.interface import Site
from lab.history import History
from lab.keys import Key, key_set, new_key
from lab.node import Node
from lab.parts import Parts, side_by_side
from lab.redis import PART as REDIS
from lab.redis import Redis


class Cluster:
    """Nodes, their balancer and their Redis, started on one site; a context manager.

    Entering starts every part and returns when the balancer sees every node up. Leaving clears
    everything away. Whatever happens in between is an event.
    """

    def __init__(
        self,
        description: Description,
        site: Site,
        *,
        history: History,
        events: Events,
        scenario: str = "",
        redis_url: str | None = None,
    ) -> None:
        self.description = description
        self.nodes: dict[str, Node] = {}
        self.password = secrets.token_urlsafe(12)
        self._site = site
        self._parts = Parts(site)
        self._history = history
        self._events = events
        self._scenario = scenario
        self._redis = Redis(redis_url) if redis_url else None
        self._keys: list[Key] = []
        self._clients: list[Client] = []
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        self._balancer: Balancer | None = None

    def __repr__(self) -> str:
        return f"<Cluster {', '.join(self.nodes)}>"

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the clients, then everything that was started."""
        for client in self._clients:
            await client.close()
        await self._http.close()
        await self._site.close()
        for name in (*self.nodes, BALANCER, REDIS):
            if said := self._site.log(name):
                self._emit("part.log", cluster=self._site.label, part=name, text=said)
        self._emit("cluster.closed")

    # Who and where

    @property
    def url(self) -> str:
        """Where clients send their requests: the balancer, or the only node."""
        return self._balancer.address.url if self._balancer else next(iter(self.nodes.values())).url

    def client(self, user: str) -> Client:
        """A client for that user, not logged in yet."""
        client = Client(user, self.password, self.url, self._history, self._events, self._scenario)
        self._clients.append(client)
        return client

    def clients(self, count: int) -> list[Client]:
        """That many clients, each a different user, not logged in yet."""
        return [self.client(f"user-{number:06d}") for number in range(1, count + 1)]

    def nodes_of(self, service: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.service.name == service]

    async def ask_each_node(self, client: Client) -> Answers:
        """Let a client ask every node that runs who it is, past the balancer."""
        running = [n for n in self.nodes.values() if self._site.ended(n.name) is None]
        return Answers([await client.me(at=node.url) for node in running])

    async def watch(self) -> None:
        """Report every part that ends by itself, until cancelled."""
        ended: set[str] = set()
        while True:
            for name in {*self.nodes, BALANCER, REDIS} - ended:
                status = self._site.ended(name)
                if status is not None:
                    ended.add(name)
                    self._emit(
                        "node.ended" if name in self.nodes else f"{name}.ended",
                        node=name,
                        status=status,
                    )
            await asyncio.sleep(0.2)

    @property
    def admin_url(self) -> str | None:
        """The balancer's admin listener, where it has one that a person can look at."""
        return self._balancer.admin.url if isinstance(self._balancer, Builtin) else None

    async def backends(self) -> dict[str, str]:
        """The state that the balancer sees each node in, by the node's name."""
        return await self._balancer.states() if self._balancer else {}

    # What a story does to it

    async def kill(self, name: str) -> None:
        """SIGKILL: the node and all that was in its memory are gone at once."""
        await self._parts.end(self._node(name).name, signal.SIGKILL)
        self._emit("node.killed", node=name)

    async def stop(self, name: str) -> None:
        """SIGTERM: the node finishes what it has begun, then leaves."""
        await self._parts.end(self._node(name).name, signal.SIGTERM)
        self._emit("node.stopped", node=name)

    async def start(self, name: str) -> None:
        """Start a node again that was killed or stopped: same name, same address, empty memory."""
        await self._start_node(self._node(name))
        await self._all_up([name])
        self._emit("node.started", node=name)

    async def add_node(self, service: str = "") -> Node:
        """Grow a service (the only one, when none is named) by one node, up when this returns."""
        wanted = self.description.service(service or self.description.services[0].name)
        name = self.description.node_name(wanted.name, len(self.nodes_of(wanted.name)) + 1)
        node = self.nodes[name] = Node(name, wanted, self._site.place(name))
        await self._start_node(node)
        if self._balancer:
            await self._balancer.add(node.backend)
        await self._all_up([name])
        self._emit("node.added", node=name)
        return node

    async def stop_redis(self) -> None:
        """SIGKILL the shared Redis; every session in it is gone."""
        self._own_redis()
        await self._parts.end(REDIS, signal.SIGKILL)
        self._emit("redis.stopped")

    async def start_redis(self) -> None:
        """Start the shared Redis again, empty, at the same address."""
        await self._start_redis(self._own_redis())
        self._emit("redis.started")

    async def rotate_keys(self) -> None:
        """Sign with a new key on every node; what the old ones signed stays valid."""
        await self._use_keys([self._new_key(), *self._keys])
        self._emit("keys.rotated")

    async def retire_keys(self) -> None:
        """Take away every key but the newest: what the older ones signed is refused from now on."""
        await self._use_keys(self._keys[:1])
        self._emit("keys.retired")

    # Starting

    async def _start(self) -> None:
        self._emit("cluster.starting", nodes=sum(s.nodes for s in self.description.services))
        if self.description.balancer:  # first, for it may be unable to do what is described
            make = BALANCERS[self.description.balancer]
            self._balancer = make(self.description, self._site, self._http)
        for service in self.description.services:
            for name in self.description.node_names(service):
                self.nodes[name] = Node(name, service, self._site.place(name))
        self._write_keys([self._new_key()])
        if self.description.needs_redis and self._redis is None:
            self._redis = Redis.on(self._site)
        redis = [self._start_redis(self._redis)] if self._redis else []
        await side_by_side([*redis, *map(self._start_node, self.nodes.values())])
        await self._start_balancer()  # last, so that its first look at a node finds it ready
        self._emit("cluster.ready", url=self.url, nodes=list(self.nodes))

    async def _start_node(self, node: Node) -> None:
        description = self.description
        options = {"users": str(description.users)}
        if node.service.strategy == "jwt":
            options["jwt-algorithm"] = description.jwt_algorithm
            if description.one_key:
                options["jwt-keys"] = self._write_keys(self._keys)
        environment = {"NODE_USER_PASSWORD": self.password}
        if self._redis:
            environment["NODE_REDIS_URL"] = self._redis.url

        async def ready() -> bool:
            return bool((await node.readiness(self._http)).get("ready"))

        await self._parts.start(node.part(options, environment), ready)

    async def _start_redis(self, redis: Redis) -> None:
        if redis.part:
            await self._parts.start(redis.part, redis.answers)
        elif not await redis.answers():
            raise StartError(
                "the Redis named with --redis-url does not answer", "start it, or leave that option"
            )

    async def _start_balancer(self) -> None:
        if self._balancer is None:
            return
        backends = [node.backend for node in self.nodes.values()]
        await self._parts.start(self._balancer.part(backends), self._balancer.ready)
        await self._all_up(list(self.nodes))

    async def _all_up(self, names: list[str]) -> None:
        """Wait until the balancer sends requests to these nodes."""
        if self._balancer is None:
            return

        async def up() -> bool:
            states = await self.backends()
            return all(states.get(name) == "up" for name in names)

        await self._parts.wait_for(BALANCER, up, "the balancer to see every node up")

    # Keys

    def _new_key(self) -> Key:
        return new_key(self.description.jwt_algorithm)

    def _write_keys(self, keys: list[Key]) -> str:
        self._keys = keys
        return self._site.write("keys.json", key_set(keys))

    async def _use_keys(self, keys: list[Key]) -> None:
        self._write_keys(keys)
        for node in self.nodes.values():
            if self._site.ended(node.name) is None:
                await self._site.signal(node.name, signal.SIGHUP)
                await self._new_keys_in_use(node)

    async def _new_keys_in_use(self, node: Node) -> None:
        wanted = [key.kid for key in self._keys]

        async def reloaded() -> bool:
            return (await node.readiness(self._http)).get("keys") == wanted

        await self._parts.wait_for(node.name, reloaded, f"{node.name} to use the new keys")

    # Small things

    def _node(self, name: str) -> Node:
        if name not in self.nodes:
            raise StepError(f"no node named {name!r}", f"there are: {', '.join(self.nodes)}")
        return self.nodes[name]

    def _own_redis(self) -> Redis:
        if self._redis is None:
            raise StepError("this cluster has no Redis", "describe it with redis=True")
        if self._redis.part is None:
            raise Skip("the lab did not start that Redis (--redis-url), so it does not stop it")
        return self._redis

    def _emit(self, kind: str, **data: object) -> None:
        self._events.emit(kind, self._scenario, **data)
