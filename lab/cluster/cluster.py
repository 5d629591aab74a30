"""A running cluster, and what a story can do to it."""

from __future__ import annotations

import asyncio
import signal
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Self

from sessionlab.lab.clients.speaker import PATIENCE
from sessionlab.lab.cluster import runtime_in
from sessionlab.lab.cluster.balancer_life import BalancerLife
from sessionlab.lab.cluster.deaths import Deaths
from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.cluster.deploys.interface import DRAIN_SECONDS, Deploy
from sessionlab.lab.cluster.faults import Faults
from sessionlab.lab.cluster.inventory import Inventory
from sessionlab.lab.cluster.membership import Membership
from sessionlab.lab.cluster.processes import check_logs
from sessionlab.lab.cluster.programs.interface import public
from sessionlab.lab.cluster.redis_life import RedisLife
from sessionlab.lab.cluster.stacks.followed import FollowedRuntime
from sessionlab.lab.cluster.visitors import Audience, Visitors
from sessionlab.lab.cluster.workers import Workers
from sessionlab.lab.errors import LabError, StepError
from sessionlab.lab.record.answers import Answers
from sessionlab.lab.record.steps import Telling, step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.cluster.node import Node
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.events import Events
    from sessionlab.lab.fabrics.interface import Sandbox
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.history import History


PART: ContextVar[str] = ContextVar("part", default="")
"""The part of a story that is being told, of several side by side: a name for its clusters."""


class Cluster:
    """Nodes, their balancer and their Redis, started on one sandbox; a context manager.

    Entering starts every part and returns when the balancer sees every node up. Leaving clears
    everything away. Whatever happens in between is an event.
    """

    def __init__(
        self,
        description: Description,
        sandbox: Sandbox,
        *,
        history: History,
        events: Events,
        scenario: str = "",
        called: str = "",
        redis_url: str | None = None,
        block_ends: Callable[[], None] = lambda: None,
        sources: Callable[[int], Sequence[str]] = lambda _: (),
        allow_script: bool = False,
    ) -> None:
        self.description = description
        self._sandbox = sandbox
        self._events = events
        self._scenario = scenario
        self._called = called
        self._block_ends = block_ends
        self._runtime = runtime_in(sandbox, description, redis_url)
        self.password = self._runtime.password
        told = (history, events, scenario, sandbox.label)
        self._visitors = Visitors(self._runtime, told, sources, allow_script=allow_script)
        self._runtime.held = self._visitors.secrets
        self._members = Membership(self._runtime, self.tell, events.now)
        self.faults = Faults(self._runtime, sandbox, self.tell, events.now)
        self.inventory = Inventory(self._runtime, sandbox, self.faults)
        self._workers = Workers(self._runtime, sandbox, self.tell)
        self._deaths = Deaths(self._runtime, self.tell, events.now)
        self._telling: Telling = partial(events.step, scenario, sandbox.label)
        self._watching: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self.redis = RedisLife(self._runtime, self.tell, events.now)
        self._front = BalancerLife(self._runtime, self.faults, self.tell, events.now)

    def __repr__(self) -> str:
        return f"<Cluster {', '.join(self.nodes)}>"

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, kind: object, error: object, at: object) -> None:
        if error is None:
            self._block_ends()
        await self.close()

    async def close(self) -> None:
        """Close the clients, then everything that was started; see `check_logs`."""
        try:
            if self._following:
                self._following.cancel()
            if self._watching:
                self._watching.cancel()
                self._workers.tell()
                self._deaths.look()  # those since it looked last
            self.redis.close()
            lost = self._runtime.links.lost()
        finally:  # also where the fabric is lost, and says so of each part
            await self._visitors.close()
            logs = await self._runtime.close()
        for name, said in logs.items():
            self.tell("part.log", part=name, text=said)
        self.tell("cluster.closed")
        check_logs(logs, lost)

    # Who and where

    @property
    def label(self) -> str:
        """What tells it from the other clusters of its run."""
        return self._sandbox.label

    @property
    def nodes(self) -> dict[str, Node]:
        """The nodes that clients may meet, by name; those that ended by a fault included."""
        return self._runtime.nodes

    @property
    def url(self) -> str:
        """Where clients send their requests: the balancer, or the only node."""
        front = self._runtime.balancer
        if front is None:
            return next(iter(self.nodes.values())).url
        return public(front, self._runtime.links)

    @property
    def recipe(self) -> Recipe:
        """What its clients speak: the recipe of its app, or that of our demo app."""
        return self._visitors.recipe

    def client(
        self, user: str | Person, source: str | None = None, *, patience: float = PATIENCE
    ) -> Client:
        """A client for that user, not logged in yet; `source` is the address it comes from.

        What is not answered after `patience` seconds counts as unanswered. An app that is not ours
        has accounts of its own: a name that none of them has stands for the next one.
        """
        person = self._visitors.person(user) if isinstance(user, str) else user
        return self._visitors.one(person, self.url, source, patience)

    def clients(
        self, count: int, sources: Sequence[str] = (), *, patience: float = PATIENCE
    ) -> list[Client]:
        """That many clients, each a different user, not logged in yet.

        Raises UsageError for more than there are; Skip where a running stack or a recipe has
        fewer. They come from the addresses `sources` in turn; without any, from one each where a
        client's address decides and the fabric has several (see `Lab.addresses`).
        """
        return self._visitors.several(count, self.url, sources, patience)

    async def dismiss(self, client: Client) -> None:
        """Close a client that nobody needs any more."""
        await self._visitors.dismiss(client)

    def audience(self, count: int) -> Audience:
        """What so many users know of it whom other processes act out."""
        return self._visitors.audience(count)

    def nodes_of(self, service: str) -> list[Node]:
        """The nodes of one service."""
        return [node for node in self.nodes.values() if node.service.name == service]

    @step
    async def ask_each_node(self, client: Client) -> Answers:
        """Let a client ask every node that runs who it is, past the balancer."""
        running = [node for node in self.nodes.values() if self._runtime.running(node.name)]
        return Answers([await client.me(at=node.url) for node in running])

    async def backends(self) -> dict[str, str]:
        """The state that the balancer sees each node in, by the node's name."""
        return await self._runtime.front().states() if self._runtime.balancer else {}

    async def versions(self) -> dict[str, str]:
        """The version that each node says it runs, by the node's name; asked past the balancer.

        Copies of an app that is not ours do not say it: theirs is what they were deployed as.
        """
        if self.description.app:
            return {node.name: node.version or "" for node in self.nodes.values()}
        said = {node.name: await node.readiness(self._runtime.http) for node in self.nodes.values()}
        return {name: str(answer.get("version", "")) for name, answer in said.items()}

    def workers(self) -> dict[str, int]:
        """How many processes of each copy take its connections, where the fabric can tell."""
        return self._workers.count()

    # What a story does to it

    @step
    async def kill(self, name: str) -> None:
        """SIGKILL: the node and all that was in its memory are gone at once."""
        began = self._events.now()
        await self._runtime.parts.end(self._node(name).name, signal.SIGKILL)
        self.tell("node.killed", node=name, began=began)

    @step
    async def stop(self, name: str) -> None:
        """SIGTERM, or as its recipe says: the node finishes what it has begun, then leaves.

        A copy that still runs when its time is up is killed: that is the event `node.overdue`.
        """
        if not self._runtime.running(self._node(name).name):
            raise StepError(f"{name} is not running")
        await self._members.stop(self._node(name), "node.stopped", self._events.now())

    @step
    async def start(self, name: str) -> None:
        """Start a node again that was killed or stopped: same name, same address, empty memory."""
        await self._runtime.start_node(self._node(name))
        await self._runtime.all_up([name])
        self.tell("node.started", node=name)

    @step
    async def add_node(self, service: str = "") -> Node:
        """Grow a service (the only one, when none is named) by one node, up when this returns."""
        (node,) = await self._members.bring_up([service or self.description.services[0].name], None)
        return node

    @step
    async def remove_node(self, name: str, *, limit: float = 0.0) -> None:
        """Take a node away: drain it for at most `limit` seconds, then stop it."""
        await self._members.send_off([self._node(name)], limit)

    @step
    async def drain(self, name: str, *, limit: float = DRAIN_SECONDS) -> None:
        """Let no new client come to a node; who is tied to it stays, `limit` seconds at most.

        Raises Skip behind a balancer that knows no such state.
        """
        await self._members.drain(self._node(name), limit)

    @step
    async def deploy(self, how: Deploy | str, version: str, service: str = "") -> None:
        """Replace every node (of one service, when one is named) by one of another version.

        `how` may be a deploy's name: `sessionlab list` shows them.
        Raises DeployError when a new node does not get ready: what was not replaced yet stays.
        """
        how = DEPLOYS.make(how) if isinstance(how, str) else how
        old = self.nodes_of(self.description.service(service).name) if service else self.nodes
        nodes = list(old.values() if isinstance(old, dict) else old)
        self.tell("deploy.started", how=repr(how), version=version, nodes=[n.name for n in nodes])
        try:
            await how.carry_out(self._members, nodes, version)
        except LabError as error:
            self.tell("deploy.failed", version=version, error=str(error))
            raise
        self.tell("deploy.finished", version=version, nodes=list(self.nodes))

    @step
    async def kill_balancer(self) -> None:
        """SIGKILL: nobody is answered any more, and what it has learned is gone."""
        await self._front.kill()

    @step
    async def start_balancer(self) -> None:
        """Start it again after a kill: same address, same secrets, an empty memory."""
        await self._front.start()

    @step
    async def freeze_balancer(self) -> None:
        """Stop it where it stands: it takes connections, and answers nothing."""
        await self._front.freeze()

    @step
    async def thaw_balancer(self) -> None:
        """Let it go on from there."""
        await self._front.thaw()

    @step
    async def restart_balancer(self) -> None:
        """Stop the balancer and start it again: same address, same secrets, an empty memory."""
        await self._front.restart()

    @step
    async def reload_balancer(self) -> None:
        """Have the balancer read its configuration anew while it serves."""
        await self._front.reload()

    @step
    async def stop_redis(self) -> None:
        """SIGKILL the shared Redis; every session in it is gone, unless it keeps them."""
        await self.redis.stop()

    @step
    async def start_redis(self) -> None:
        """Start the shared Redis again at the same address, empty unless it keeps its data."""
        await self.redis.start()

    @step
    async def rotate_keys(self) -> None:
        """Sign with a new key on every node; what the old ones signed stays valid."""
        await self._runtime.rotate_keys()
        self.tell("keys.rotated")

    @step
    async def retire_keys(self) -> None:
        """Take away every key but the newest: what the older ones signed is refused from now on."""
        began = self._events.now()
        await self._runtime.retire_keys()
        self.tell("keys.retired", began=began)

    async def _start(self) -> None:
        self.tell("cluster.starting", part=self._called or PART.get(), **self.description.told())
        await self._runtime.start()
        self._watching = asyncio.create_task(self._deaths.watch())
        if isinstance(self._runtime, FollowedRuntime):
            self._following = asyncio.create_task(self._runtime.follow(self.tell, self._events.now))
        self.tell("cluster.ready", url=self.url, nodes=list(self.nodes))
        self._workers.tell()

    def _node(self, name: str) -> Node:
        if name not in self.nodes:
            raise StepError(f"no node named {name!r}", f"there are: {', '.join(self.nodes)}")
        return self.nodes[name]

    def tell(self, kind: str, **data: object) -> None:
        """Tell an event of this cluster."""
        self._events.emit(kind, self._scenario, cluster=self._sandbox.label, **data)
