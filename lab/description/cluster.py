"""What cluster to build, as plain values; nothing here starts anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sessionlab.lab.recipes.chosen import Chosen

MOST_NODES = 500
USERS = 999_999  # a seeded user is no more than a name, so a cluster has all there can be
BALANCER = "builtin"
NODES = "sessionlab.nodes"
READY = "/readyz"
SECRET = ("secret", "password", "key")
LINKS = ("clients-balancer", "balancer-nodes", "nodes-redis")
"""The ways that a request takes, between two parts each."""


@dataclass(frozen=True, slots=True)
class Service:
    """A set of identical nodes.

    `program` is the module that `python -m` runs as the node. `options` are further options of
    its command line, by name without the dashes; they win over what the lab would set.

    With an `app` the nodes are copies of it instead; `strategy` is then what its variant is
    called, and has no other meaning.
    """

    name: str = "app"
    nodes: int = 3
    strategy: str = "memory"
    options: Mapping[str, str] = field(default_factory=dict)
    program: str = NODES
    app: Chosen | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.nodes <= MOST_NODES:
            raise UsageError(
                f"service {self.name!r} was given {self.nodes} nodes",
                f"ask for 1 to {MOST_NODES}",
            )

    @classmethod
    def of(cls, app: Chosen, nodes: int = 3) -> Service:
        """Copies of somebody's app."""
        return cls(nodes=nodes, strategy=app.variant or "", app=app)

    @property
    def checked_path(self) -> str | None:
        """What a balancer asks a node for, to see whether it is well; None to only connect."""
        return self.app.checked_path if self.app else READY


class Wishes(TypedDict, total=False):
    """What a story may ask of a cluster besides its services: fields of a `Description`."""

    affinity: str
    algorithm: str
    redis: bool
    redis_keeps: bool
    jwt_algorithm: str
    one_key: bool
    tls: bool
    trust_balancer: bool
    balancer_options: Mapping[str, str]
    links: Collection[str]


@dataclass(frozen=True, slots=True)
class Description:
    """A cluster: its services, and what stands in front of and behind them.

    `balancer` None means that clients talk to the first node directly. `redis` starts a shared
    Redis even when no strategy asks for one; with `redis_keeps` it comes back from a restart with
    all it held. `one_key` False lets every node make a signing key
    of its own. `port` is the balancer's, 0 for any free one. `balancer_options` are further options
    of the built-in balancer's command line, by name without the dashes; a balancer of somebody
    else's that has no such thing skips the story, and says why. With `tls` TLS ends at the
    balancer; with `trust_balancer` the nodes believe what it says of the client's connection.
    `password` is the users', made when empty. `watched` has each request logged by who answers it.
    `links` are the ways (of `LINKS`) on which a fault proxy of the lab's stands: see `lab.link`.
    """

    services: tuple[Service, ...] = (Service(),)
    balancer: str | None = BALANCER
    algorithm: str = "round-robin"
    affinity: str = "none"
    redis: bool = False
    redis_keeps: bool = False
    jwt_algorithm: str = "HS256"
    one_key: bool = True
    port: int = 0
    users: int = USERS
    tls: bool = False
    trust_balancer: bool = False
    balancer_options: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    watched: bool = False
    links: Collection[str] = ()

    def __post_init__(self) -> None:
        names = [service.name for service in self.services]
        if len(names) > 1 and any(service.app for service in self.services):
            raise UsageError(
                "a recipe describes one service, and several were asked for",
                "start a cluster for each",
            )
        if len(set(names)) != len(names):
            raise UsageError(f"two services have the same name: {', '.join(names)}")
        if unknown := set(self.links) - set(LINKS):
            raise UsageError(
                f"no link is called {min(unknown)!r}", f"there are: {', '.join(LINKS)}"
            )
        if "nodes-redis" in self.links and not self.needs_redis:
            raise UsageError("a link to Redis, and this cluster has none", "ask for redis, too")
        if self.balancer is None and set(self.links) - {"nodes-redis"}:
            raise UsageError("a link to a balancer, and this cluster has none")
        if self.balancer is None and (self.tls or self.trust_balancer):
            raise UsageError("TLS and trust are about the balancer, and this cluster has none")
        if self.balancer is None and sum(service.nodes for service in self.services) > 1:
            raise UsageError(
                "several nodes without a balancer: no client would reach the second one",
                "ask for one node, or for a balancer",
            )

    @property
    def needs_redis(self) -> bool:
        return self.redis or any(
            service.app.names_redis if service.app else service.strategy == "redis"
            for service in self.services
        )

    @property
    def app(self) -> Chosen | None:
        """The app that is not ours, where all of the cluster is one."""
        return self.services[0].app

    @property
    def checked_path(self) -> str | None:
        """As of each service."""
        return self.services[0].checked_path

    @property
    def by_source(self) -> bool:
        """Whether it is the address that a client comes from which decides about its node."""
        return "source" in (self.affinity, self.algorithm.partition(":")[2])

    def told(self) -> dict[str, object]:
        """What tells clusters apart, for whoever reads a run; no option that may be a secret."""
        options = dict(self.balancer_options)
        for service in self.services:
            options |= service.options
        return {
            "nodes": sum(service.nodes for service in self.services),
            "app": self.app.title if self.app else None,
            "strategies": {service.name: service.strategy for service in self.services},
            "balancer": self.balancer,
            "affinity": self.affinity,
            "algorithm": self.algorithm,
            "one_key": self.one_key,
            "redis": self.needs_redis,
            "redis_keeps": self.redis_keeps,
            "tls": self.tls,
            "trust_balancer": self.trust_balancer,
            "options": {
                name: value
                for name, value in options.items()
                if not any(word in name for word in SECRET)
            },
        }

    def service(self, name: str) -> Service:
        """The service of that name; raises UsageError when there is none."""
        for service in self.services:
            if service.name == name:
                return service
        known = ", ".join(service.name for service in self.services)
        raise UsageError(f"no service named {name!r}", f"this cluster has: {known}")

    def node_name(self, service: str, number: int) -> str:
        """`n1` where there is one service, `orders-n1` where there are several."""
        return f"n{number}" if len(self.services) == 1 else f"{service}-n{number}"


SERVICE, CLUSTER = Service(), Description()
"""What every option is where nothing is asked for."""
