"""The fault proxies of a cluster (`lab.link`): which stand on its ways, and what they are told."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yarl import URL

from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.description.cluster import LINKS
from sessionlab.lab.errors import Skip, StepError, UsageError
from sessionlab.lab.fabrics.interface import Address, Part

if TYPE_CHECKING:
    from sessionlab.lab.cluster.processes import Parts
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.interface import Sandbox

CLIENTS = "clients"
PATIENCE = 5.0  # seconds that a link may take to answer the lab


@dataclass(slots=True)
class _Link:
    """One of them: from a part to another, which may be away."""

    part: Part
    ends: frozenset[str]
    at: Address
    admin: Address
    to: str
    started: asyncio.Task[None] | None = None


class Links:
    """Puts them where the description says, each a part of its own; elsewhere there is none."""

    def __init__(self, description: Description, sandbox: Sandbox, parts: Parts) -> None:
        self._description = description
        self._sandbox = sandbox
        self._parts = parts
        self._links: dict[str, _Link] = {}
        self.names: list[str] = []
        """Of all that there were, as parts."""
        parts.before_kill = self.refuse

    def for_clients(self, balancer: Address) -> Address:
        """Where clients find the balancer."""
        speaks = "bytes" if self._description.tls else "http"
        return self._place("clients-balancer", CLIENTS, BALANCER, balancer, speaks)

    def for_balancer(self, node: str, address: Address) -> Address:
        """Where the balancer finds a node."""
        path = self._description.checked_path
        return self._place("balancer-nodes", BALANCER, node, address, "http", path or "")

    def for_node(self, node: str, redis: str) -> str:
        """The URL at which a node finds Redis. Raises UsageError for one that is not plain TCP."""
        if "nodes-redis" not in self._description.links:
            return redis
        url = URL(redis)
        if url.scheme != "redis" or not url.host:
            raise UsageError("no link can stand before a Redis with TLS or on a Unix socket")
        to = Address(url.host, url.port or 6379)
        at = self._place("nodes-redis", node, REDIS, to, "redis")
        return str(url.with_host(at.host).with_port(at.port))

    def _place(
        self, way: str, one: str, other: str, to: Address, speaks: str, spare: str = ""
    ) -> Address:
        if way not in self._description.links:
            return to
        if self._sandbox.listen_host:
            raise Skip(f"no link stands on {way} among containers", "their network is real")
        name = f"{one}-{other}.link"
        if name not in self._links:
            at, admin = self._sandbox.place(name), self._sandbox.place(name)
            options = {"listen": at, "to": to, "admin": admin, "speaks": speaks, "spare": spare}
            words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
            part = Part(name, "sessionlab.lab.link", words)
            self._links[name] = _Link(part, frozenset({one, other}), at, admin, other)
            self.names.append(name)
        return self._links[name].at

    async def start(self) -> None:
        """Start those that do not run yet."""
        for link in self._links.values():
            if link.started is None:
                link.started = asyncio.create_task(self._start(link))
                link.started.add_done_callback(_retrieved)  # another's failure may end the wait
        await asyncio.gather(*(link.started for link in self._links.values() if link.started))

    async def _start(self, link: _Link) -> None:
        async def answers() -> bool:
            try:
                return bool(await _told(link, do="look"))
            except StepError:
                return False

        await self._parts.start(link.part, answers)

    async def refuse(self, part: str) -> None:
        """A part is about to be killed: who connects to it is refused from now on."""
        await self._to(part, "refuse")

    async def listen(self, part: str) -> None:
        """It is there again."""
        await self._to(part, "listen")

    async def _to(self, part: str, do: str) -> None:
        for link in self._links.values():
            if link.to == part and link.started and self._sandbox.ended(link.part.name) is None:
                await link.started
                await _told(link, do=do)

    async def drop(self, node: str) -> None:
        """A node has left for good."""
        for name, link in [*self._links.items()]:
            if node in link.ends:
                del self._links[name]
                if link.started and self._sandbox.ended(name) is None:
                    await self._parts.end(name, signal.SIGKILL)
                self._sandbox.vacate(name)

    def lost(self) -> list[str]:
        """Those that have ended by themselves: what they led to was away, and no fault was that."""
        return [name for name in self._links if self._parts.died(name) is not None]

    async def set(self, one: str, other: str, rule: str, **settings: object) -> None:
        """Have the one between two parts go by a rule. Raises StepError for what it can't do."""
        await _told(self._known(one, other), do="set", rule=rule, **settings)

    async def clear(self, one: str, other: str, rule: str) -> int:
        """Have it go by it no more; how many requests it has struck."""
        link = self._known(one, other)
        rules = (await _told(link, do="look"))["rules"]
        await _told(link, do="clear", rule=rule)
        return int(rules.get(rule, {}).get("done", 0))

    def between(self, one: str, other: str) -> _Link | None:
        """The one between two parts."""
        return next((link for link in self._links.values() if link.ends == {one, other}), None)

    def _known(self, one: str, other: str) -> _Link:
        if link := self.between(one, other):
            return link
        raise Skip(
            f"this fabric can't do that between {one} and {other} without a link there",
            f"describe the cluster with links: {', '.join(LINKS)}",
        )


def _retrieved(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()


async def _told(link: _Link, **what: object) -> dict[str, Any]:
    """What it answers. Raises StepError when it refuses, or does not."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(link.admin.host, link.admin.port)
            writer.write(json.dumps(what).encode() + b"\n")
            said: dict[str, Any] = json.loads(await reader.readline())
            writer.close()
    except (OSError, ValueError, TimeoutError) as error:
        raise StepError(f"{link.part.name} does not answer: {error}") from None
    if "error" in said:
        raise StepError(f"{link.part.name}: {said['error']}")
    return said
