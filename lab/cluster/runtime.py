"""How the parts of a cluster are started, each with what it needs of the others."""

from __future__ import annotations

import contextlib
import secrets
import signal
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.balancers.interface import Balancer
from sessionlab.lab.cluster.links import Links
from sessionlab.lab.cluster.node import Node
from sessionlab.lab.cluster.processes import START_SECONDS, Parts
from sessionlab.lab.cluster.programs.copies import Copies
from sessionlab.lab.cluster.programs.demo import Demo
from sessionlab.lab.cluster.programs.interface import Program, Surroundings
from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.cluster.redis import Redis
from sessionlab.lab.description.keys import Key, key_set, new_key
from sessionlab.lab.errors import FabricLost, LabError, Skip, StartError, StepError, UsageError
from sessionlab.lab.waiting import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.interface import Sandbox


BEFORE_SECONDS = 300.0  # it may install what the app needs


class ClusterRuntime:
    """Starts nodes, Redis and the balancer of one cluster, and knows when each is ready.

    `nodes` are those that clients may meet; a node that is only coming up is not among them.
    """

    def __init__(
        self, description: Description, sandbox: Sandbox, redis_url: str | None = None
    ) -> None:
        self.description = description
        self.password = _password(description)
        self.parts = Parts(sandbox)
        self.links = Links(description, sandbox, self.parts)
        self.programs: dict[str, Program] = {
            service.name: Copies(service.app) if service.app else Demo()
            for service in description.services
        }
        self.held: Callable[[], set[str]] = set
        """The credentials of its clients, which an app may print."""
        self.parts.hidden = lambda: (
            {word for program in self.programs.values() for word in program.secrets()} | self.held()
        )
        self.nodes: dict[str, Node] = {}
        self.balancer: Balancer | None = None
        self.redis = Redis.named(redis_url) if redis_url else None
        self.draining: set[str] = set()  # nodes that the balancer was told to drain
        self.away: dict[str, str] = {}
        """How parts have gone that are not the lab's, by their names; `silent` do not answer."""
        self.silent: set[str] = set()
        self.containers: dict[str, str] = {}
        """What their containers are called, where somebody else has started them with Compose."""
        self._sandbox = sandbox
        self._keys: list[Key] = []
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    @cached_property
    def http(self) -> aiohttp.ClientSession:
        """What it asks the parts with; only from its first use on there is something to close."""
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))

    async def start(self) -> None:
        """Start everything; returns when the balancer sees every node up."""
        await self._sandbox.open()
        description = self.description
        if description.balancer:  # first, for it may be unable to do what is described
            self.balancer = BALANCERS.make(
                description.balancer, description, self._sandbox, self.http
            )
        for service in description.services:
            for _ in range(service.nodes):
                node = self.new_node(service.name)
                self.nodes[node.name] = node
        self._write_keys([new_key(description.jwt_algorithm)])
        if description.needs_redis and self.redis is None:
            self.redis = Redis.on(self._sandbox, keeps=description.redis_keeps)
        redis = [self.start_redis(self.redis)] if self.redis else []
        if description.app:  # it may need it to begin with
            await side_by_side(redis)
            redis = []
            await self._prepare(next(iter(self.nodes.values())))
        await side_by_side([*redis, *map(self.start_node, self.nodes.values())])
        await self.start_balancer()  # last, so that its first look at a node finds it ready

    def want_users(self, count: int) -> None:
        """Raise when there are not that many to log in: it would look like a loss.

        UsageError; Skip where a recipe has fewer.
        """
        if (app := self.description.app) and count > (most := app.most_users):
            raise Skip(
                f"it takes {count} users, and {app.file.path} allows {most}",
                f"[users] count = {count} allows as many",
            )
        if count > self.description.users:
            raise UsageError(
                f"{count} clients are wanted, and the cluster has {self.description.users} users",
                "ask for fewer, or describe it with more users",
            )

    def new_node(self, service: str, version: str | None = None) -> Node:
        """The next node of a service: a name that none has had, and an address of its own."""
        wanted = self.description.service(service)
        number = self._numbers[service] = self._numbers.get(service, 0) + 1
        name = self.description.node_name(service, number)
        self._names.append(name)
        address = self._sandbox.place(name)
        way = self.links.for_balancer(name, address)
        return Node(name, wanted, address, version, number, way)

    def renewed(self, node: Node, version: str) -> Node:
        """Another node in its place, at its address and by its name."""
        self.program(node).renew(node)
        return replace(node, version=version)

    def program(self, node: Node) -> Program:
        """What the node runs."""
        return self.programs[node.service.name]

    @property
    def around(self) -> Surroundings:
        """What a node is told of the cluster when it is started now."""
        return Surroundings(
            self.description,
            self._sandbox,
            self.http,
            self.password,
            self.links,
            self.balancer,
            self.redis,
            self._write_keys(self._keys) if self.description.one_key else "",
        )

    def given(self) -> dict[str, str]:
        """What all copies of the app have in common, by the variables' names."""
        given: dict[str, str] = {}
        for program in self.programs.values():
            given |= program.given(self._sandbox, self.redis)
        return given

    async def start_node(self, node: Node, seconds: float | None = None) -> None:
        """Start a node and return when it is ready; raises StartError with all that is known."""
        program, around = self.program(node), self.around

        async def ready() -> bool:
            return await program.ready(node, around)

        try:
            part = program.part(node, around)
            await self.links.start()
            await self.parts.start(part, ready, seconds or START_SECONDS)
            await self.links.listen(node.name)
        except FabricLost:
            raise
        except StartError as error:
            trouble = program.trouble(node, around)
            said = f"{error}\n{trouble}" if trouble else str(error)
            raise StartError(said, error.hint or program.hint(node, around)) from None

    async def stop_node(self, node: Node) -> bool:
        """Ask it to leave, as it wants to be asked; whether it had to be killed for that."""
        how = self.program(node).stop
        return await self.parts.stop(node.name, signal.Signals[how.signal], how.seconds)

    async def _prepare(self, first: Node) -> None:
        """Do what the app wants done before its first copy."""
        if part := self.program(first).before(first, self.around):
            self._names.insert(0, part.name)
            await self.links.start()
            await self.parts.done(part, BEFORE_SECONDS)

    async def abandon(self, node: Node) -> None:
        """Leave nothing of a node, whether it was started or not."""
        if self.running(node.name):
            with contextlib.suppress(LabError):
                await self.parts.end(node.name, signal.SIGKILL)

    async def vacate(self, node: Node) -> None:
        """Give back the port of a node that has left for good, and what led to it."""
        await self.links.drop(node.name)
        self._sandbox.vacate(node.name)

    def running(self, name: str) -> bool:
        """Whether the part has not ended."""
        return self._sandbox.ended(name) is None

    async def start_redis(self, redis: Redis) -> None:
        if redis.part:
            await self.parts.start(redis.part, redis.answers)
            await self.links.listen(REDIS)
        else:
            await redis.prove()

    def front(self) -> Balancer:
        """The balancer, which runs; raises StepError when it does not, or when there is none."""
        balancer = self.described_balancer()
        if not self.running(BALANCER):
            raise StepError("the balancer is not running", "cluster.start_balancer() starts it")
        return balancer

    def described_balancer(self) -> Balancer:
        """The balancer, be it running or not; raises StepError when there is none."""
        if self.balancer is None:
            raise StepError("this cluster has no balancer", "describe it with one")
        return self.balancer

    async def start_balancer(self) -> None:
        if self.balancer is None:
            return
        backends = [node.backend for node in self.nodes.values()]
        self.links.for_clients(self.balancer.address)
        await self.links.start()
        await self.parts.start(self.balancer.part(backends), self.balancer.ready)
        await self.links.listen(BALANCER)
        await self.all_up([name for name in self.nodes if self.running(name)])

    async def all_up(self, names: list[str]) -> None:
        """Wait until the balancer, when it runs, sends requests to these nodes.

        One that it was told to drain gets what is tied to it: that is as up as it will be.
        """
        if self.balancer is None or not self.running(BALANCER):
            return
        balancer = self.balancer

        async def up() -> bool:
            states = await balancer.states()
            return all(
                states.get(name) == "up" or (states.get(name) == "drain" and name in self.draining)
                for name in names
            )

        await self.parts.wait_for(BALANCER, up, "the balancer to see every node up")

    # Keys

    @property
    def keys(self) -> list[Key] | None:
        """Those in use, the one first that signs; None where nodes have others, or none."""
        is_ours = self.description.one_key and not self.description.app
        return self._keys if is_ours else None

    async def rotate_keys(self) -> None:
        """Sign with a new key on every node; what the old ones signed stays valid.

        Raises Skip where nodes sign with what is not ours to change.
        """
        await self.use_keys([new_key(self.description.jwt_algorithm), *self._keys])

    async def retire_keys(self) -> None:
        """Take away every key but the newest."""
        await self.use_keys(self._keys[:1])

    async def use_keys(self, keys: list[Key]) -> None:
        if self.description.app:
            raise Skip("the keys that a recipe's app signs with are its own")
        self._write_keys(keys)
        for node in self.nodes.values():
            if self.running(node.name):
                await self._sandbox.signal(node.name, signal.SIGHUP)
                await self._new_keys_in_use(node)

    async def _new_keys_in_use(self, node: Node) -> None:
        wanted = [key.kid for key in self._keys]

        async def reloaded() -> bool:
            return (await node.readiness(self.http)).get("keys") == wanted

        await self.parts.wait_for(node.name, reloaded, f"{node.name} to use the new keys")

    def _write_keys(self, keys: list[Key]) -> str:
        self._keys = keys
        return self._sandbox.write("keys.json", key_set(keys))

    # The end

    async def close(self) -> dict[str, str]:
        """End everything; what each part has printed, by its name."""
        await self.http.close()
        await self._sandbox.close()
        names = (*self._names, BALANCER, REDIS, *self.links.names)
        started = {name: self.parts.shown(self._sandbox.log(name)) for name in names}
        return {name: said for name, said in started.items() if said}


def _password(description: Description) -> str:
    """That of all users, where they have one."""
    if description.app:
        return description.app.password
    return description.password or secrets.token_urlsafe(12)
