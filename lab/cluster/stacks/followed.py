"""A stack that runs already, watched for as long as its page is up: its parts come and go.

Whoever runs it stops, kills and scales as they like. All that can be seen from here is who is in
the DNS and who answers, looked at once a second; that becomes events. How a part has gone, nobody
here knows.
"""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from yarl import URL

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.cluster.node import Node
from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.cluster.redis import Redis
from sessionlab.lab.cluster.stacks.met import ExternalRuntime
from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.interface import Address
from sessionlab.lab.waiting import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.external import ExternalSandbox

PAUSE = 1.0  # seconds between two looks
GLANCE = 1.0  # that a part gets to answer
KEPT = 60.0  # for which a node that has gone is shown as one that has ended
GONE = "it is in the stack no more: stopped, killed or taken away"
UNREACHED = "it takes no connection: stopped or killed"
_CONTAINER = re.compile(r"((.+)[-_][a-z0-9]+[-_]\d+)\.\2_\w+")


class FollowedRuntime(ExternalRuntime):
    """`why` says why the stack is not up, empty where it is; `strategy` is what its nodes say."""

    def __init__(
        self, description: Description, sandbox: ExternalSandbox, redis_url: str | None
    ) -> None:
        super().__init__(description, sandbox)
        self.redis = Redis.named(redis_url) if redis_url else None
        self.why = ""
        self.strategy = description.services[0].strategy
        self._seen: dict[str, float] = {}
        self._tell: Callable[..., None] = lambda *_, **__: None
        self._now: Callable[[], float] = lambda: 0.0

    @property
    def keys(self) -> None:
        """Only its nodes have them."""

    async def start(self) -> None:
        """Meet who is there; that may be nobody yet."""
        self.balancer = BALANCERS.make("external", self.description, self._sandbox, self.http)
        await self._look()

    def running(self, name: str) -> bool:
        return name not in self.away

    async def follow(self, tell: Callable[..., None], now: Callable[[], float]) -> None:
        """Look, and tell what is new, until cancelled; first what `start` has met."""
        self._tell, self._now = tell, now
        self._tell_whole("", self.description.services[0].strategy)
        while True:
            await asyncio.sleep(PAUSE)
            before = self.why, self.strategy
            await self._look()
            self._tell_whole(*before)

    async def _look(self) -> None:
        """Look once; the parts that have changed are told."""
        self.why = ""
        try:
            addresses = await asyncio.to_thread(self._target.addresses)
        except StartError as error:
            addresses, self.why = [], f"{error}; {error.hint}"
        here = await side_by_side([self._met(address) for address in addresses])
        self._missed({*here}, self._now())
        if not await self._balancer_stays(self._now()):
            self.why = self.why or f"its balancer takes no connection at {self._target.url}"

    def _tell_whole(self, why: str, strategy: str) -> None:
        """That the stack is away, or back, or another one than it was."""
        if self.why != why:
            self._tell("stack.away" if self.why else "stack.back", why=self.why)
        if self.strategy != strategy:
            self._tell("stack.strategy", strategy=self.strategy)

    async def _met(self, host: str) -> str:
        """The name of the node there: one that is new, is back, or is as it was."""
        service, address = self.description.services[0], Address(host, self._target.port)
        node = Node(str(address), service, address)
        try:
            async with asyncio.timeout(GLANCE):
                says = await node.readiness(self.http)
        except TimeoutError:  # it has the connection, and is silent
            name = next((one.name for one in self.nodes.values() if one.address == address), "")
            if name and name not in self.away and name not in self.silent:
                self.silent.add(name)
                self._tell("part.paused", part=name)
            return name
        if not (name := str(says.get("node") or "")):
            return ""
        self.strategy = str(says.get("strategy"))
        known = name in self.nodes
        self.nodes[name] = Node(name, service, address)
        if not known or name in self.away:
            self.containers[name] = await _container(host)
            self._tell("node.started" if known else "node.added", node=name)
        elif name in self.silent:
            self._tell("part.resumed", part=name)
        self.away.pop(name, None)
        self.silent.discard(name)
        return name

    def _missed(self, here: set[str], at: float) -> None:
        """Who is not there has gone; those of long ago are forgotten."""
        for name in here:
            self._seen[name] = at
        for name in [*self.nodes]:
            if name not in here and name not in self.away:
                self.away[name] = GONE
                self.silent.discard(name)
                self._tell("node.stopped", node=name, began=self._seen.get(name, at))
            if name in self.away and at - self._seen.get(name, at) > KEPT:
                del self.nodes[name], self.away[name]

    async def _balancer_stays(self, at: float) -> bool:
        """Whether it takes a connection; a request would take a turn of its algorithm."""
        assert self.balancer is not None  # noqa: S101  it was made at the start
        host, was_away = self.balancer.address.host, BALANCER in self.away
        try:
            async with asyncio.timeout(GLANCE):
                _, writer = await asyncio.open_connection(host, self.balancer.address.port)
            writer.close()
        except OSError:  # a time-out is one
            self.away[BALANCER] = UNREACHED
            if not was_away:
                self._tell("balancer.stopped", began=self._seen.get(BALANCER, at))
            return False
        self._seen[BALANCER] = at
        if was_away:
            del self.away[BALANCER]
            self._tell("balancer.started")
        if BALANCER not in self.containers:
            self.containers[BALANCER] = await _container(host)
            if self.redis:
                self.containers[REDIS] = await _container(URL(self.redis.url).host or "")
        return True


async def _container(host: str) -> str:
    """Out of Docker's DNS, as in `sessionlab-node-2.sessionlab_app`; empty where it says no such.

    A container of another project is none of the stack's: its network is not that project's.
    """
    with suppress(OSError, UnicodeError):
        async with asyncio.timeout(GLANCE):
            found, _, _ = await asyncio.to_thread(socket.gethostbyaddr, host)
            match = _CONTAINER.fullmatch(found)
            return match[1] if match else ""
    return ""
