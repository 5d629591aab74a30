"""What a balancer is told to be: frozen values, checked once where they are parsed.

Durations are seconds, sizes are bytes. Every default stands here, and only here (`DEFAULTS`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network

DEFAULT_SERVICE = "app"
MAX_WEIGHT = 1000
LOG_FORMATS = ("json", "common")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens: host and port, or the path of a Unix socket."""

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """One backend as configured."""

    service: str
    name: str
    address: Address
    weight: int = 1


@dataclass(frozen=True, slots=True)
class DiscoverSpec:
    """A service whose backends are the addresses that `host` resolves to, or its SRV records."""

    service: str
    host: str
    port: int
    srv: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Requests whose path starts with `prefix` (on segments), and whose host is `host` if set."""

    prefix: str
    service: str
    strip: bool = False
    host: str = ""

    @property
    def stripped(self) -> bytes:
        """What is taken off the path before it is forwarded."""
        return self.prefix.encode() if self.strip else b""


@dataclass(frozen=True, slots=True)
class CookiePolicy:
    """The balancer's own cookie: its name, attributes and how long a pin lives (0: no limit)."""

    name: str = "SESSIONLAB"
    exact: bool = False
    """Whether the name is one service's own; otherwise `name_for` makes it so."""
    path: str = "/"
    domain: str = ""
    secure: bool = False
    http_only: bool = True
    same_site: str = "omit"
    partitioned: bool = False
    max_idle: float = 0.0
    max_life: float = 0.0
    permanent: bool = False
    """Whether browsers keep it as long as its pin lives, and not for their session only."""

    def name_for(self, service: str) -> str:
        """The name at a service: two that shared one would undo each other's pins in a browser."""
        return self.name if self.exact or service == DEFAULT_SERVICE else f"{self.name}_{service}"


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """How a service chooses: algorithm, affinity, and what happens when a pin is lost."""

    algorithm: str = "round-robin"
    affinity: str = "none"
    on_pin_lost: str = "redispatch"
    cookie: CookiePolicy = field(default_factory=CookiePolicy)
    table_entries: int = 100_000
    table_idle: float = 3600.0

    def pins_as(self, other: ServicePolicy) -> bool:
        """Whether a pin made under the other policy is one under this."""
        names = [(policy.cookie.name, policy.cookie.exact) for policy in (self, other)]
        return self.affinity == other.affinity and names[0] == names[1]


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """Active checks; `interval` 0 turns them off, and backends are then taken to be up.

    `probe` is http or tcp, which only connects; `host` is empty for the backend's own address.
    """

    probe: str = "http"
    method: str = "GET"
    host: str = ""
    path: str = "/readyz"
    interval: float = 2.0
    timeout: float = 2.0
    rise: int = 2
    fall: int = 3
    status: range = range(200, 400)


@dataclass(frozen=True, slots=True)
class EjectionPolicy:
    """Eject after `failures` in a row (0: never) for `base` seconds, doubling up to `longest`."""

    failures: int = 5
    base: float = 5.0
    longest: float = 300.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take, in seconds."""

    connect: float = 5.0
    header: float = 10.0
    idle: float = 75.0
    """Of a client's connection: longer than the 60 s of widespread balancers before us."""
    response: float = 60.0
    tunnel: float = 3600.0
    pool_idle: float = 30.0
    drain: float = 30.0
    queue: float = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may cost; `body` 0 is no limit."""

    header_bytes: int = 16 * 1024
    headers: int = 100
    body: int = 0
    connections: int = 20_000
    active: int = 0
    """Requests under way at one backend at most; more of them wait. 0 is no limit."""
    queue: int = 1000
    """Requests that may wait for one service, and for one backend."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of it."""

    listen: Address = Address("127.0.0.1", 8080)
    admin: Address | None = Address("127.0.0.1", 8081)
    backends: tuple[BackendSpec, ...] = ()
    routes: tuple[Route, ...] = ()
    discover: tuple[DiscoverSpec, ...] = ()
    discover_interval: float = 2.0
    policies: dict[str, ServicePolicy] = field(default_factory=dict)
    default_policy: ServicePolicy = field(default_factory=ServicePolicy)
    health: HealthPolicy = field(default_factory=HealthPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    ejection: EjectionPolicy = field(default_factory=EjectionPolicy)
    slow_start: float = 0.0
    drain_limit: float = 0.0
    panic: bool = False
    retry_share: float = 0.2
    workers: int = 1
    access_log: str = "none"
    explain: bool = False
    via: bool = True
    proxy_protocol: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    trusted: tuple[Network, ...] = ()
    trust_unix: bool = False
    trust_header: str = "x-forwarded-for"
    secret: bytes = b""
    secret_made: bool = False
    """Whether it was made at this start, so that the next one has another."""

    def policy(self, service: str) -> ServicePolicy:
        """The policy of a service, the default when it has none of its own."""
        return self.policies.get(service, self.default_policy)

    def watched(self) -> frozenset[bytes]:
        """The header fields, by lower-case name, and `?NAME` of parameters, for affinities."""
        policies = [self.default_policy, *self.policies.values()]
        named = [p.affinity.partition(":") for p in policies]
        headers = {name.lower() for kind, _, name in named if kind in {"header", "learn-header"}}
        parameters = {f"?{name}" for kind, _, name in named if kind == "query"}
        return frozenset(name.encode() for name in headers | parameters)

    def served(self) -> list[str]:
        """The services that have backends, or look for them."""
        named = [b.service for b in self.backends] + [d.service for d in self.discover]
        return list(dict.fromkeys(named))

    def services(self) -> list[str]:
        """Every service that anything names: backends, discoveries, routes, policies."""
        named = [*self.served(), *(route.service for route in self.routes), *self.policies]
        return list(dict.fromkeys(named)) or [DEFAULT_SERVICE]


DEFAULTS = Config()


def reloadable(old: Config, new: Config) -> tuple[Config, list[str]]:
    """A new configuration without what only a start can change, and the options that would."""
    fixed = ["listen", "admin", "workers", "access_log"]
    if bool(old.tls_cert) != bool(new.tls_cert):
        fixed += ["tls_cert", "tls_key"]
    changed = [name for name in fixed if getattr(old, name) != getattr(new, name)]
    kept = {name: getattr(old, name) for name in fixed}
    return replace(new, **kept), [f"--{name.replace('_', '-')}" for name in changed]
