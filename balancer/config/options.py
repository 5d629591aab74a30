"""The command line: every option described once, here."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import isnan
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sessionlab.balancer.config.model import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from dataclasses import Field

_SERVICE, _COOKIE = DEFAULTS.default_policy, DEFAULTS.default_policy.cookie
_HEALTH, _EJECTION = DEFAULTS.health, DEFAULTS.ejection
_TIMEOUTS, _LIMITS = DEFAULTS.timeouts, DEFAULTS.limits

T = TypeVar("T")

EPILOG = """Examples:

python -m sessionlab.balancer --backend a=127.0.0.1:8001 --backend b=127.0.0.1:8002

python -m sessionlab.balancer --backend a=127.0.0.1:8001,weight=3 --backend b=127.0.0.1:8002
--affinity cookie

python -m sessionlab.balancer --backend auth/a=127.0.0.1:8001 --backend shop/b=127.0.0.1:8002
--route /auth=auth,strip --route /=shop

python -m sessionlab.balancer --discover node:8001 --affinity cookie

Each option is an environment variable too: BALANCER_LISTEN, BALANCER_BACKEND (several apart by
spaces) and so on. BALANCER_COOKIE_SECRET keys the affinity cookie; without it a new one is made
at each start, and clients lose their pins then.
"""


class _Number(click.FloatRange):
    """A range of numbers; nan is in none, which Click does not see."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is no number.", param, ctx) if isnan(number) else number


class _Integer(click.IntRange):
    name = "integer"


_RANGES: dict[type, Any] = {float: _Number, int: _Integer}


def _option(default: T, text: str, **bounds: float) -> T:
    """A field of `Options`: its help, and with `min` and `max` what it may be."""
    kind = _RANGES[type(default)](**bounds) if bounds else None
    described: T = field(default=default, metadata={"help": text, "type": kind})
    return described


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, before it is checked."""

    config: str = _option("", "A TOML file with any of these options; read again at SIGHUP.")
    listen: str = _option(str(DEFAULTS.listen), "Where clients come in: HOST:PORT.")
    admin: str = _option(str(DEFAULTS.admin), "The admin API: HOST:PORT, or 'none'.")
    backend: Sequence[str] = _option((), "[SERVICE/]NAME=HOST:PORT[,weight=N]. Repeatable.")
    discover: Sequence[str] = _option(
        (),
        "[SERVICE/]HOST:PORT. Every address that the host resolves to is a backend; it is "
        "resolved again and again. [SERVICE/]srv:NAME takes SRV records, with their ports. "
        "Repeatable.",
    )
    discover_interval: float = _option(
        DEFAULTS.discover_interval, "Seconds between two looks at what it resolves to.", min=0.05
    )
    algorithm: str = _option(
        _SERVICE.algorithm,
        "How a backend is chosen: round-robin, least-connections, random, two-choices, "
        "hash[:KEY] or consistent-hash[:KEY]; KEY is source, path, header:NAME, cookie:NAME or "
        "query:NAME.",
    )
    affinity: str = _option(
        _SERVICE.affinity,
        "What ties a client to a backend: none, cookie (our own), learn:COOKIE (the app's), "
        "learn-header:NAME (an id that the app gives in an answer's header), header:NAME or "
        "query:NAME (an id that clients choose), or source.",
    )
    route: Sequence[str] = _option(
        (),
        "[HOST]/PREFIX=SERVICE[,strip]. The longest prefix wins; strip takes it off the path. "
        "Repeatable. Without routes the only service gets everything.",
    )
    on_pin_lost: str = _option(
        _SERVICE.on_pin_lost,
        "When a client's backend is gone: redispatch (and pin anew) or fail (503).",
    )
    cookie_name: str = _option(
        _COOKIE.name, "The affinity cookie's name; _SERVICE is added for services but 'app'."
    )
    cookie_secure: bool = _option(
        _COOKIE.secure, "Mark the affinity cookie Secure; with --tls-cert it always is."
    )
    cookie_http_only: bool = _option(
        _COOKIE.http_only, "Mark it HttpOnly, so that scripts in a page don't see it."
    )
    cookie_same_site: str = _option(
        _COOKIE.same_site, "Its SameSite: Lax, Strict, None, or omit, for none at all."
    )
    cookie_partitioned: bool = _option(
        _COOKIE.partitioned, "Mark it Partitioned (CHIPS): one for each site that embeds this one."
    )
    cookie_path: str = _option(_COOKIE.path, "Its Path.")
    cookie_domain: str = _option(_COOKIE.domain, "Its Domain; empty: the host only.")
    cookie_max_idle: float = _option(
        _COOKIE.max_idle, "Seconds without a request until the pin ends; 0: never.", min=0
    )
    cookie_max_life: float = _option(
        _COOKIE.max_life, "Seconds from its making until the pin ends; 0: never.", min=0
    )
    cookie_permanent: bool = _option(
        _COOKIE.permanent,
        "Have browsers keep it that long (Max-Age), and not for their session only.",
    )
    table_entries: int = _option(
        _SERVICE.table_entries,
        "Pins that all affinities but cookie keep; the least recently used goes.",
        min=1,
    )
    table_idle: float = _option(
        _SERVICE.table_idle, "Seconds without a request until such a pin is forgotten.", min=0.001
    )
    workers: int = _option(
        DEFAULTS.workers, "Processes that serve; limits are for each of them.", min=1, max=128
    )
    access_log: str = _option(
        DEFAULTS.access_log, "A line for each request on standard output: none, json or common."
    )
    explain: bool = _option(
        DEFAULTS.explain,
        "Say in each answer which backend gave it and what became of the client's pin "
        "(X-Balancer). Tells clients what they need not know.",
    )
    via: bool = _option(
        DEFAULTS.via, "Name us to backends in Via; nginx, as one, compresses only without it."
    )
    tls_cert: str = _option(
        DEFAULTS.tls_cert, "A PEM file with the certificate chain: --listen speaks TLS then."
    )
    tls_key: str = _option(
        DEFAULTS.tls_key,
        "Its private key, when it is in a file of its own. Both are read at SIGHUP.",
    )
    proxy_protocol: bool = _option(
        DEFAULTS.proxy_protocol,
        "Every connection begins with a PROXY protocol header, before any TLS.",
    )
    trust_proxy: Sequence[str] = _option(
        (),
        "A network (CIDR) whose X-Forwarded-* are believed and continued: what it says is the "
        "client's address is so for source, hash and the log; 'unix' is whoever connects to the "
        "Unix socket of --listen. Repeatable.",
    )
    trust_header: str = _option(
        DEFAULTS.trust_header,
        "The one header in which it says that: x-forwarded-for, or forwarded (RFC 7239).",
    )
    health_probe: str = _option(
        _HEALTH.probe, "What active checks do: http, or tcp for a connection and no more."
    )
    health_path: str = _option(_HEALTH.path, "What active checks GET.")
    health_method: str = _option(_HEALTH.method, "The method of checks, instead of GET.")
    health_host: str = _option(
        _HEALTH.host, "The Host of checks, for apps that answer only to some; empty: the address."
    )
    health_interval: float = _option(
        _HEALTH.interval, "Seconds between checks of a backend; 0: no checks, all are up.", min=0
    )
    health_timeout: float = _option(_HEALTH.timeout, "Seconds that a check may take.", min=0.001)
    health_status: str = _option(
        f"{_HEALTH.status.start}-{_HEALTH.status.stop - 1}",
        "The statuses that mean healthy: one, or FIRST-LAST.",
    )
    rise: int = _option(_HEALTH.rise, "Good checks in a row that bring a backend up.", min=1)
    fall: int = _option(_HEALTH.fall, "Bad checks in a row that take it down.", min=1)
    connect_timeout: float = _option(_TIMEOUTS.connect, "Seconds to connect.", min=0.001)
    header_timeout: float = _option(
        _TIMEOUTS.header, "Seconds for a request's head to arrive whole.", min=0.001
    )
    idle_timeout: float = _option(
        _TIMEOUTS.idle, "Seconds a client's connection may wait for a request.", min=0.001
    )
    response_timeout: float = _option(
        _TIMEOUTS.response, "Seconds a backend may be silent.", min=0.001
    )
    tunnel_timeout: float = _option(
        _TIMEOUTS.tunnel, "Seconds an upgraded connection may be silent.", min=0.001
    )
    pool_idle_timeout: float = _option(
        _TIMEOUTS.pool_idle, "Seconds an idle connection to a backend is kept.", min=0.001
    )
    queue_timeout: float = _option(
        _TIMEOUTS.queue, "Seconds that a request may wait for a busy backend.", min=0.001
    )
    drain_timeout: float = _option(
        _TIMEOUTS.drain, "Seconds that open requests get at SIGTERM.", min=0
    )
    max_header_bytes: int = _option(
        _LIMITS.header_bytes, "Bytes of a request's head at most.", min=256
    )
    max_headers: int = _option(_LIMITS.headers, "Header fields of a request at most.", min=1)
    max_body: int = _option(_LIMITS.body, "Bytes of a request's body at most; 0: any.", min=0)
    max_connections: int = _option(_LIMITS.connections, "Clients' connections at most.", min=1)
    max_active: int = _option(
        _LIMITS.active,
        "Requests at one backend at a time; more wait. 0: any number.",
        min=0,
    )
    max_queue: int = _option(
        _LIMITS.queue, "Requests that may wait for a service or for one backend.", min=0
    )
    eject_after: int = _option(
        _EJECTION.failures,
        "Requests in a row without an answer that eject a backend; 0: never.",
        min=0,
    )
    eject_time: float = _option(
        _EJECTION.base,
        "Seconds of the first ejection; it doubles up to --eject-longest.",
        min=0.001,
    )
    eject_longest: float = _option(_EJECTION.longest, "Seconds of the longest ejection.", min=0.001)
    slow_start: float = _option(
        DEFAULTS.slow_start, "Seconds in which a backend that comes up gets its full share.", min=0
    )
    drain_limit: float = _option(
        DEFAULTS.drain_limit,
        "Seconds that a backend's drain may last; its clients are moved then. 0: no limit.",
        min=0,
    )
    panic: bool = _option(DEFAULTS.panic, "When no backend is up, try them all the same.")
    retry_share: float = _option(
        DEFAULTS.retry_share,
        "Second tries after a lost answer, as a share of requests.",
        min=0,
        max=1,
    )


def command(prefix: str) -> click.Command:
    """What makes `Options` of a command line, and of variables with this prefix."""
    return click.Command(
        None,
        callback=Options,
        params=[_parameter(option) for option in fields(Options)],
        help="Balance HTTP/1.1 requests over backends, tie clients to them, and say what happens.",
        epilog=EPILOG,
        context_settings={"auto_envvar_prefix": prefix},
    )


def _parameter(option: Field[Any]) -> click.Option:
    name = option.name.replace("_", "-")
    return click.Option(
        [f"--{name}/--no-{name}" if isinstance(option.default, bool) else f"--{name}"],
        default=option.default,
        multiple=option.default == (),
        show_default=option.default != "",
        show_envvar=True,
        **option.metadata,
    )
