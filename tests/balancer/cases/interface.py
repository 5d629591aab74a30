"""What a case asks of a balancer, ours or another, and how it says that it can't."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.fabrics.interface import Address
    from tests.balancer.rawhttp import Backend


class Unsupported(Exception):
    """This balancer has no such feature; says which, for a footnote."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """The balancer's own cookie: its name, attributes, and how long its pin lives (0: for ever)."""

    name: str = "PIN"
    path: str = "/"
    domain: str = ""
    secure: bool = False
    same_site: str = "Lax"
    max_idle: int = 0
    max_life: int = 0
    permanent: bool = False
    """Browsers are told to keep it for its life, not for their session."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a balancer listens, where its backends do, and where its files may go."""

    public: Address
    admin: Address
    peer: Address
    room: str
    backends: Mapping[str, Address]


@dataclass(frozen=True, slots=True)
class Setup:
    """A balancer as a case wants it: before these backends (name: weight), with that affinity.

    With `services` each is a service of its own behind `/NAME`, over the same backends, with the
    affinity it names; without, one service gets everything.
    """

    backends: Mapping[str, int] = field(default_factory=lambda: {"n1": 1, "n2": 1, "n3": 1})
    affinity: str = "cookie"
    """none, cookie, learn:COOKIE, prefix:COOKIE, rewrite:COOKIE, passive:COOKIE, header:NAME,
    source; the three after `learn` are HAProxy's."""
    algorithm: str = "round-robin"
    pin_lost: str = "redispatch"
    cookie: Cookie = field(default_factory=Cookie)
    services: Mapping[str, str] = field(default_factory=dict)
    most_active: int = 0
    """Requests at one backend at a time; others wait."""
    most_waiting: int = 100
    table_idle: float = 60.0
    workers: int = 1
    checks: bool = True
    """Active health checks; without them only requests tell."""
    tls: str = ""
    """A file with a certificate and its key: the public side speaks TLS."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Backends that are at another's address now: name to name."""

    def at(self, ground: Ground, name: str) -> Address:
        """Where a backend is."""
        return ground.backends[self.moved.get(name, name)]

    def all_services(self) -> Mapping[str, str]:
        """Each service's affinity by its name; one called `app` when the case names none."""
        return self.services or {"app": self.affinity}


class Driver(Protocol):
    """One balancer under test. Every change returns when the balancer has taken it."""

    name: str

    async def start(self, setup: Setup) -> None:
        """Start it, and return when it answers and has found its backends up."""
        ...

    async def reload(self, setup: Setup) -> None:
        """Have it read a configuration that says this instead, with no request lost."""
        ...

    async def restart(self) -> None:
        """End the process and start it again with the same configuration."""
        ...

    async def drain(self, name: str, limit: int = 0) -> None:
        """Pinned clients stay, for so many seconds (0: for ever), new ones go elsewhere."""
        ...

    async def maintain(self, name: str) -> None:
        """Nobody comes any more."""
        ...

    async def resume(self, name: str) -> None:
        """Back to normal."""
        ...

    async def weigh(self, name: str, weight: int) -> None: ...

    async def sees(self, name: str, *, up: bool) -> None:
        """Wait until its checks have found a backend up or down."""
        ...

    async def sees_unready(self, name: str, backend: Backend) -> None:
        """Have a backend answer checks so that it is drained, and wait until it is."""
        ...

    async def verdict(self, request_id: str) -> str:
        """The two letters, found and done, that it has logged for that request."""
        ...
