"""What a balancer of somebody else's is to be configured for, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sessionlab.lab.errors import Skip

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sessionlab.lab.balancers.interface import Backend
    from sessionlab.lab.balancers.tls import Edge
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.interface import Address

T = TypeVar("T")


CONNECT_SECONDS = 2
"""How long each balancer tries to connect: what is left of a container that ended is silence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One configuration: where to listen, and who is behind it.

    `admin` and `runtime` are for the lab only, `peer` for a process that takes over from another.
    `room` is a folder that the balancer may write to, `version` counts the configurations that it
    was given. `draining` are the names of backends that take no new clients.
    """

    listen: Address
    admin: Address
    peer: Address
    room: str
    description: Description
    backends: Sequence[Backend]
    version: int = 1
    runtime: Address | None = None
    draining: Collection[str] = ()
    edge: Edge | None = None

    @property
    def services(self) -> list[str]:
        return [service.name for service in self.description.services]

    @property
    def routed(self) -> bool:
        """Whether the first part of the path names the service."""
        return len(self.services) > 1

    def of(self, service: str) -> list[Backend]:
        return [backend for backend in self.backends if backend.service == service]


def words_for(kind: str, wanted: str, known: Mapping[str, T], whose: str) -> T:
    """How this balancer spells an algorithm or affinity; raises Skip when it has no such thing."""
    if wanted not in known:
        raise Skip(f"{whose} has no {kind} `{wanted}`", f"what it has: {', '.join(known)}")
    return known[wanted]


def algorithm_for(
    plan: Plan, algorithms: Mapping[str, str], keys: Mapping[str, str], whose: str
) -> str:
    """How this balancer spells `NAME` or `NAME:KEY`; raises Skip when it has no such thing.

    KEY is what a hash is made of: `source`, `path`, `header:NAME` or `cookie:NAME`.
    """
    name, _, key = plan.description.algorithm.partition(":")
    kind, _, argument = key.partition(":")
    variable = argument.lower().replace("-", "_")
    made_of = words_for("hash key", kind, keys, whose)
    return words_for("algorithm", name, algorithms, whose).format(
        key=made_of.format(argument=argument, variable=variable)
    )
