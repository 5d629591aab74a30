"""How the nodes of a service are started, and how the lab sees that one is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    import aiohttp

    from sessionlab.lab.balancers.interface import Balancer
    from sessionlab.lab.cluster.links import Links
    from sessionlab.lab.cluster.node import Node
    from sessionlab.lab.cluster.redis import Redis
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.interface import Part, Sandbox
    from sessionlab.lab.recipes.model import Stop


@dataclass(slots=True)
class Surroundings:
    """What there is around a node when it is started; `keys` is the file that nodes sign with."""

    description: Description
    sandbox: Sandbox
    http: aiohttp.ClientSession
    password: str
    links: Links
    balancer: Balancer | None = None
    redis: Redis | None = None
    keys: str = ""

    def public(self, node: Node) -> str:
        """The URL that clients use: the balancer's, or the node's own where there is none."""
        return public(self.balancer, self.links) if self.balancer else node.url

    def redis_for(self, node: Node) -> str:
        """The URL at which that node finds Redis, which there is."""
        assert self.redis is not None  # noqa: S101  the caller has looked
        return self.links.for_node(node.name, self.redis.url)


def public(balancer: Balancer, links: Links) -> str:
    """The URL that clients use."""
    address = links.for_clients(balancer.address)
    return f"https://{address}" if balancer.edge else address.url


class Program(Protocol):
    """What the nodes of one service run; its variants are `demo` and `copies`."""

    stop: Stop

    def before(self, first: Node, around: Surroundings) -> Part | None:
        """What has to be done once before the first node is started, if anything."""
        ...

    def part(self, node: Node, around: Surroundings) -> Part:
        """How to start a node. Raises UsageError for what only shows now."""
        ...

    async def ready(self, node: Node, around: Surroundings) -> bool:
        """Whether a node that was started takes requests."""
        ...

    def trouble(self, node: Node, around: Surroundings) -> str:
        """What is known of a node that does not get ready, as a sentence."""
        ...

    def hint(self, node: Node, around: Surroundings) -> str:
        """What to do about it."""
        ...

    def renew(self, node: Node) -> None:
        """The node makes room for another of its name: it leaves nothing of its own behind."""
        ...

    def given(self, sandbox: Sandbox, redis: Redis | None) -> dict[str, str]:
        """What all nodes were given that a client's steps may name, by its variable."""
        ...

    def secrets(self) -> Collection[str]:
        """What it was given that nobody is to read in what it prints."""
        ...
