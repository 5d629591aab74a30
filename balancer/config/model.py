"""What a balancer is told to be: frozen values, checked once where they are parsed.

Durations are seconds, sizes are bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from sessionlab.balancer.backends.ejection import EjectionPolicy
from sessionlab.balancer.errors import UsageError

DEFAULT_SERVICE = "app"
MAX_WEIGHT = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^:/\[\]\s]+)):(?P<port>\d{1,5})")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MAX_PORT = 65535

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
    """A service whose backends are the addresses that `host` resolves to."""

    service: str
    host: str
    port: int


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
    same_site: str = "Lax"
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
    """Active checks; `interval` 0 turns them off, and backends are then taken to be up."""

    path: str = "/readyz"
    interval: float = 2.0
    timeout: float = 2.0
    rise: int = 2
    fall: int = 3
    status: range = range(200, 400)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take, in seconds."""

    connect: float = 5.0
    request_header: float = 10.0
    idle: float = 60.0
    response: float = 60.0
    tunnel: float = 3600.0
    pool_idle: float = 30.0
    drain: float = 30.0
    queue: float = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may cost; `body` 0 is no limit."""

    header_bytes: int = 16 * 1024
    header_count: int = 100
    body: int = 0
    connections: int = 20_000
    backend_active: int = 0
    """Requests under way at one backend at most; more of them wait. 0 is no limit."""
    queue: int = 1000
    """Requests that may wait for one service, and for one backend."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of it."""

    listen: Address
    admin: Address | None
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
    proxy_protocol: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    trusted: tuple[Network, ...] = ()
    secret: bytes = b""

    def policy(self, service: str) -> ServicePolicy:
        """The policy of a service, the default when it has none of its own."""
        return self.policies.get(service, self.default_policy)

    def watched(self) -> frozenset[bytes]:
        """The header fields, by lower-case name, that an affinity looks at."""
        policies = [self.default_policy, *self.policies.values()]
        named = [p.affinity.partition(":") for p in policies]
        return frozenset(name.lower().encode() for kind, _, name in named if kind == "header")

    def services(self) -> list[str]:
        """Every service that anything names: backends, discoveries, routes, policies."""
        named = [b.service for b in self.backends] + [d.service for d in self.discover]
        named += [r.service for r in self.routes]
        return list(dict.fromkeys(named + list(self.policies))) or [DEFAULT_SERVICE]


def lasting(old: Config, new: Config) -> tuple[Config, list[str]]:
    """A new configuration without what only a start can change, and the options that would."""
    fixed = ["listen", "admin", "workers", "access_log"]
    if bool(old.tls_cert) != bool(new.tls_cert):
        fixed += ["tls_cert", "tls_key"]
    changed = [name for name in fixed if getattr(old, name) != getattr(new, name)]
    kept = {name: getattr(old, name) for name in fixed}
    return replace(new, **kept), [f"--{name.replace('_', '-')}" for name in changed]


def parse_address(text: str, what: str = "address") -> Address:
    """`HOST:PORT`, `[IPV6]:PORT` or `unix:/path`; raises `UsageError`."""
    if text.startswith("unix:/"):
        return Address("", 0, text.removeprefix("unix:"))
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _MAX_PORT:
        raise UsageError(f"{what} {text!r} is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    return Address(match["six"] or match["host"], int(match["port"]))


def parse_name(text: str, what: str) -> str:
    """A service's or a backend's name; raises `UsageError`."""
    if _NAME.fullmatch(text) is None:
        raise UsageError(f"{what} {text!r}: use 1 to 64 letters, digits, '.', '_' or '-'")
    return text


def parse_weight(text: str) -> int:
    """0 to 1000; raises `UsageError`. Weight 0 keeps pinned clients and takes no new ones."""
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or int(text) > MAX_WEIGHT:
        raise UsageError(f"weight {text!r} is not a whole number from 0 to {MAX_WEIGHT}")
    return int(text)


def parse_statuses(text: str) -> range:
    """`200` or `200-399`; raises `UsageError`."""
    match = re.fullmatch(r"([1-5]\d\d)(?:-([1-5]\d\d))?", text, re.ASCII)
    if match is None:
        raise UsageError(f"statuses {text!r}: say one, such as 200, or a range, such as 200-399")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def parse_backend(text: str) -> BackendSpec:
    """`[SERVICE/]NAME=HOST:PORT[,weight=N]`; raises `UsageError`."""
    label, equals, rest = text.partition("=")
    if not equals:
        raise UsageError(f"backend {text!r} is not [SERVICE/]NAME=HOST:PORT[,weight=N]")
    service, slash, name = label.rpartition("/")
    address, *options = rest.split(",")
    weight = 1
    for option in options:
        key, _, value = option.partition("=")
        if key != "weight":
            raise UsageError(f"backend {text!r}: unknown option {key!r}; there is weight=N")
        weight = parse_weight(value)
    return BackendSpec(
        parse_name(service if slash else DEFAULT_SERVICE, "service"),
        parse_name(name, "backend"),
        parse_address(address, f"backend {name}: address"),
        weight,
    )


def parse_discover(text: str) -> DiscoverSpec:
    """`[SERVICE/]HOST:PORT`; raises `UsageError`."""
    service, slash, address = text.rpartition("/")
    try:
        where = parse_address(address)
    except UsageError:
        where = None
    if where is None or not where.port:
        raise UsageError(f"--discover {text!r} is not [SERVICE/]HOST:PORT, such as node:8001")
    return DiscoverSpec(
        parse_name(service if slash else DEFAULT_SERVICE, "service"), where.host, where.port
    )


def parse_route(text: str) -> Route:
    """`[HOST]/PREFIX=SERVICE[,strip]`; raises `UsageError`."""
    match = re.fullmatch(
        r"(?P<host>[^/=\s]*)(?P<prefix>/[^=\s]*)=(?P<service>[^,]+)(?P<o>,strip)?", text
    )
    if match is None:
        raise UsageError(f"route {text!r} is not [HOST]/PREFIX=SERVICE[,strip]")
    service = parse_name(match["service"], "service")
    prefix = match["prefix"].rstrip("/")
    return Route(prefix, service, strip=match["o"] is not None, host=match["host"].lower())


def cookie_policy(**values: Any) -> CookiePolicy:
    """A cookie whose name and attributes can't break a header; raises `UsageError`."""
    policy = CookiePolicy(**values)
    if _TOKEN.fullmatch(policy.name) is None:
        raise UsageError(f"cookie name {policy.name!r} is not a token (RFC 6265bis)")
    if policy.same_site not in {"Lax", "Strict", "None"}:
        raise UsageError(f"SameSite {policy.same_site!r}: it is Lax, Strict or None")
    if policy.permanent and not (policy.max_life or policy.max_idle):
        raise UsageError("a permanent cookie needs an end: say how long a pin may live or be idle")
    for what, text in (("path", policy.path), ("domain", policy.domain)):
        if re.fullmatch(r"[!-:<-~]*", text) is None:
            raise UsageError(f"cookie {what} {text!r} holds a character that it can't hold")
    return policy


def distinct(backends: tuple[BackendSpec, ...]) -> tuple[BackendSpec, ...]:
    """The same backends; raises `UsageError` when two share service and name."""
    seen: set[tuple[str, str]] = set()
    for backend in backends:
        label = (backend.service, backend.name)
        if label in seen:
            raise UsageError(f"backend {backend.service}/{backend.name} is given twice")
        seen.add(label)
    return backends
