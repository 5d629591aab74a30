"""The command line: every option described once, here."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from sessionlab.balancer.config.model import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

_SERVICE, _COOKIE = DEFAULTS.default_policy, DEFAULTS.default_policy.cookie
_HEALTH, _EJECTION = DEFAULTS.health, DEFAULTS.ejection
_TIMEOUTS, _LIMITS = DEFAULTS.timeouts, DEFAULTS.limits

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


def _option(help_text: str, **more: Any) -> Any:
    return typer.Option(help=help_text, **more)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, before it is checked."""

    config: Annotated[
        str, _option("A TOML file with any of these options; read again at SIGHUP.")
    ] = ""
    listen: Annotated[str, _option("Where clients come in: HOST:PORT.")] = str(DEFAULTS.listen)
    admin: Annotated[str, _option("The admin API: HOST:PORT, or 'none'.")] = str(DEFAULTS.admin)
    backend: Annotated[
        list[str] | None, _option("[SERVICE/]NAME=HOST:PORT[,weight=N]. Repeatable.")
    ] = None
    discover: Annotated[
        list[str] | None,
        _option(
            "[SERVICE/]HOST:PORT. Every address that the host resolves to is a backend; it is "
            "resolved again and again. Repeatable."
        ),
    ] = None
    discover_interval: Annotated[
        float, _option("Seconds between two looks at what it resolves to.", min=0.05)
    ] = DEFAULTS.discover_interval
    algorithm: Annotated[
        str,
        _option(
            "How a backend is chosen: round-robin, least-connections, random, two-choices, "
            "hash[:KEY] or consistent-hash[:KEY]; KEY is source, path, header:NAME or cookie:NAME."
        ),
    ] = _SERVICE.algorithm
    affinity: Annotated[
        str,
        _option(
            "What ties a client to a backend: none, cookie (our own), learn:COOKIE (the app's), "
            "header:NAME or source."
        ),
    ] = _SERVICE.affinity
    route: Annotated[
        list[str] | None,
        _option(
            "[HOST]/PREFIX=SERVICE[,strip]. The longest prefix wins; strip takes it off the path. "
            "Repeatable. Without routes the only service gets everything."
        ),
    ] = None
    on_pin_lost: Annotated[
        str, _option("When a client's backend is gone: redispatch (and pin anew) or fail (503).")
    ] = _SERVICE.on_pin_lost
    cookie_name: Annotated[
        str, _option("The affinity cookie's name; _SERVICE is added for services but 'app'.")
    ] = _COOKIE.name
    cookie_secure: Annotated[
        bool, _option("Mark the affinity cookie Secure; with --tls-cert it always is.")
    ] = _COOKIE.secure
    cookie_http_only: Annotated[
        bool, _option("Mark it HttpOnly, so that scripts in a page don't see it.")
    ] = _COOKIE.http_only
    cookie_same_site: Annotated[str, _option("Its SameSite: Lax, Strict or None.")] = (
        _COOKIE.same_site
    )
    cookie_path: Annotated[str, _option("Its Path.")] = _COOKIE.path
    cookie_domain: Annotated[str, _option("Its Domain; empty: the host only.")] = _COOKIE.domain
    cookie_max_idle: Annotated[
        float, _option("Seconds without a request until the pin ends; 0: never.", min=0)
    ] = _COOKIE.max_idle
    cookie_max_life: Annotated[
        float, _option("Seconds from its making until the pin ends; 0: never.", min=0)
    ] = _COOKIE.max_life
    cookie_permanent: Annotated[
        bool, _option("Have browsers keep it that long (Max-Age), and not for their session only.")
    ] = _COOKIE.permanent
    table_entries: Annotated[
        int,
        _option("Pins that learn, header and source keep; the least recently used goes.", min=1),
    ] = _SERVICE.table_entries
    table_idle: Annotated[
        float, _option("Seconds without a request until such a pin is forgotten.", min=0.001)
    ] = _SERVICE.table_idle
    workers: Annotated[
        int, _option("Processes that serve; limits are for each of them.", min=1, max=128)
    ] = DEFAULTS.workers
    access_log: Annotated[
        str, _option("A line for each request on standard output: none, json or common.")
    ] = DEFAULTS.access_log
    explain: Annotated[
        bool,
        _option(
            "Say in each answer which backend gave it and what became of the client's pin "
            "(X-Balancer). Tells clients what they need not know."
        ),
    ] = DEFAULTS.explain
    tls_cert: Annotated[
        str, _option("A PEM file with the certificate chain: --listen speaks TLS then.")
    ] = DEFAULTS.tls_cert
    tls_key: Annotated[
        str, _option("Its private key, when it is in a file of its own. Both are read at SIGHUP.")
    ] = DEFAULTS.tls_key
    proxy_protocol: Annotated[
        bool,
        _option("Every connection begins with a PROXY protocol header, before any TLS."),
    ] = DEFAULTS.proxy_protocol
    trust_proxy: Annotated[
        list[str] | None,
        _option("A network (CIDR) whose X-Forwarded-* are believed and continued. Repeatable."),
    ] = None
    health_path: Annotated[str, _option("What active checks GET.")] = _HEALTH.path
    health_interval: Annotated[
        float, _option("Seconds between checks of a backend; 0: no checks, all are up.", min=0)
    ] = _HEALTH.interval
    health_timeout: Annotated[float, _option("Seconds that a check may take.", min=0.001)] = (
        _HEALTH.timeout
    )
    health_status: Annotated[
        str, _option("The statuses that mean healthy: one, or FIRST-LAST.")
    ] = f"{_HEALTH.status.start}-{_HEALTH.status.stop - 1}"
    rise: Annotated[int, _option("Good checks in a row that bring a backend up.", min=1)] = (
        _HEALTH.rise
    )
    fall: Annotated[int, _option("Bad checks in a row that take it down.", min=1)] = _HEALTH.fall
    connect_timeout: Annotated[float, _option("Seconds to connect.", min=0.001)] = _TIMEOUTS.connect
    header_timeout: Annotated[
        float, _option("Seconds for a request's head to arrive whole.", min=0.001)
    ] = _TIMEOUTS.request_header
    idle_timeout: Annotated[
        float, _option("Seconds a client's connection may wait for a request.", min=0.001)
    ] = _TIMEOUTS.idle
    response_timeout: Annotated[float, _option("Seconds a backend may be silent.", min=0.001)] = (
        _TIMEOUTS.response
    )
    tunnel_timeout: Annotated[
        float, _option("Seconds an upgraded connection may be silent.", min=0.001)
    ] = _TIMEOUTS.tunnel
    pool_idle_timeout: Annotated[
        float, _option("Seconds an idle connection to a backend is kept.", min=0.001)
    ] = _TIMEOUTS.pool_idle
    queue_timeout: Annotated[
        float, _option("Seconds that a request may wait for a busy backend.", min=0.001)
    ] = _TIMEOUTS.queue
    drain_timeout: Annotated[
        float, _option("Seconds that open requests get at SIGTERM.", min=0)
    ] = _TIMEOUTS.drain
    max_header_bytes: Annotated[int, _option("Bytes of a request's head at most.", min=256)] = (
        _LIMITS.header_bytes
    )
    max_headers: Annotated[int, _option("Header fields of a request at most.", min=1)] = (
        _LIMITS.header_count
    )
    max_body: Annotated[int, _option("Bytes of a request's body at most; 0: any.", min=0)] = (
        _LIMITS.body
    )
    max_connections: Annotated[int, _option("Clients' connections at most.", min=1)] = (
        _LIMITS.connections
    )
    max_active: Annotated[
        int, _option("Requests at one backend at a time; more wait. 0: any number.", min=0)
    ] = _LIMITS.backend_active
    max_queue: Annotated[
        int, _option("Requests that may wait for a service or for one backend.", min=0)
    ] = _LIMITS.queue
    eject_after: Annotated[
        int, _option("Requests in a row without an answer that eject a backend; 0: never.", min=0)
    ] = _EJECTION.failures
    eject_time: Annotated[
        float,
        _option("Seconds of the first ejection; it doubles up to --eject-longest.", min=0.001),
    ] = _EJECTION.base
    eject_longest: Annotated[float, _option("Seconds of the longest ejection.", min=0.001)] = (
        _EJECTION.longest
    )
    slow_start: Annotated[
        float, _option("Seconds in which a backend that comes up gets its full share.", min=0)
    ] = DEFAULTS.slow_start
    drain_limit: Annotated[
        float,
        _option(
            "Seconds that a backend's drain may last; its clients are moved then. 0: no limit.",
            min=0,
        ),
    ] = DEFAULTS.drain_limit
    panic: Annotated[bool, _option("When no backend is up, try them all the same.")] = (
        DEFAULTS.panic
    )
    retry_share: Annotated[
        float, _option("Second tries after a lost answer, as a share of requests.", min=0, max=1)
    ] = DEFAULTS.retry_share


def command(run: Callable[[Options], None]) -> Callable[..., None]:
    """A function that typer can read: one parameter for each field of `Options`."""

    def balancer(**values: Any) -> None:
        run(Options(**values))

    hints = get_type_hints(Options, include_extras=True)
    balancer.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # what typer reads
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=hints[field.name],
            )
            for field in fields(Options)
        ]
    )
    balancer.__doc__ = (
        "Balance HTTP/1.1 requests over backends, tie clients to them, and say what happens."
    )
    return balancer
