"""The command line: every option described once, here."""

from __future__ import annotations

import inspect
import secrets
from dataclasses import dataclass, fields, replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from sessionlab.balancer.backends.ejection import EjectionPolicy
from sessionlab.balancer.config import model
from sessionlab.balancer.config.model import Config, Network
from sessionlab.balancer.config.validation import coherent
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.proxy.access_log import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    listen: Annotated[str, _option("Where clients come in: HOST:PORT.")] = "127.0.0.1:8080"
    admin: Annotated[str, _option("The admin API: HOST:PORT, or 'none'.")] = "127.0.0.1:8081"
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
    ] = 2.0
    algorithm: Annotated[
        str,
        _option(
            "How a backend is chosen: round-robin, least-connections, random, two-choices, "
            "hash[:KEY] or consistent-hash[:KEY]; KEY is source, path, header:NAME or cookie:NAME."
        ),
    ] = "round-robin"
    affinity: Annotated[
        str,
        _option(
            "What ties a client to a backend: none, cookie (our own), learn:COOKIE (the app's), "
            "header:NAME or source."
        ),
    ] = "none"
    route: Annotated[
        list[str] | None,
        _option(
            "[HOST]/PREFIX=SERVICE[,strip]. The longest prefix wins; strip takes it off the path. "
            "Repeatable. Without routes the only service gets everything."
        ),
    ] = None
    on_pin_lost: Annotated[
        str, _option("When a client's backend is gone: redispatch (and pin anew) or fail (503).")
    ] = "redispatch"
    cookie_name: Annotated[
        str, _option("The affinity cookie's name; _SERVICE is added for services but 'app'.")
    ] = "SESSIONLAB"
    cookie_secure: Annotated[
        bool, _option("Mark the affinity cookie Secure; with --tls-cert it always is.")
    ] = False
    cookie_http_only: Annotated[
        bool, _option("Mark it HttpOnly, so that scripts in a page don't see it.")
    ] = True
    cookie_same_site: Annotated[str, _option("Its SameSite: Lax, Strict or None.")] = "Lax"
    cookie_path: Annotated[str, _option("Its Path.")] = "/"
    cookie_domain: Annotated[str, _option("Its Domain; empty: the host only.")] = ""
    cookie_max_idle: Annotated[
        float, _option("Seconds without a request until the pin ends; 0: never.", min=0)
    ] = 0.0
    cookie_max_life: Annotated[
        float, _option("Seconds from its making until the pin ends; 0: never.", min=0)
    ] = 0.0
    cookie_permanent: Annotated[
        bool, _option("Have browsers keep it that long (Max-Age), and not for their session only.")
    ] = False
    table_entries: Annotated[
        int,
        _option("Pins that learn, header and source keep; the least recently used goes.", min=1),
    ] = 100_000
    table_idle: Annotated[
        float, _option("Seconds without a request until such a pin is forgotten.", min=0.001)
    ] = 3600.0
    workers: Annotated[
        int, _option("Processes that serve; limits are for each of them.", min=1, max=128)
    ] = 1
    access_log: Annotated[
        str, _option("A line for each request on standard output: none, json or common.")
    ] = "none"
    explain: Annotated[
        bool,
        _option(
            "Say in each answer which backend gave it and what became of the client's pin "
            "(X-Balancer). Tells clients what they need not know."
        ),
    ] = False
    tls_cert: Annotated[
        str, _option("A PEM file with the certificate chain: --listen speaks TLS then.")
    ] = ""
    tls_key: Annotated[
        str, _option("Its private key, when it is in a file of its own. Both are read at SIGHUP.")
    ] = ""
    proxy_protocol: Annotated[
        bool,
        _option("Every connection begins with a PROXY protocol header, before any TLS."),
    ] = False
    trust_proxy: Annotated[
        list[str] | None,
        _option("A network (CIDR) whose X-Forwarded-* are believed and continued. Repeatable."),
    ] = None
    health_path: Annotated[str, _option("What active checks GET.")] = "/readyz"
    health_interval: Annotated[
        float, _option("Seconds between checks of a backend; 0: no checks, all are up.", min=0)
    ] = 2.0
    health_timeout: Annotated[float, _option("Seconds that a check may take.", min=0.001)] = 2.0
    health_status: Annotated[
        str, _option("The statuses that mean healthy: one, or FIRST-LAST.")
    ] = "200-399"
    rise: Annotated[int, _option("Good checks in a row that bring a backend up.", min=1)] = 2
    fall: Annotated[int, _option("Bad checks in a row that take it down.", min=1)] = 3
    connect_timeout: Annotated[float, _option("Seconds to connect.", min=0.001)] = 5.0
    header_timeout: Annotated[
        float, _option("Seconds for a request's head to arrive whole.", min=0.001)
    ] = 10.0
    idle_timeout: Annotated[
        float, _option("Seconds a client's connection may wait for a request.", min=0.001)
    ] = 60.0
    response_timeout: Annotated[float, _option("Seconds a backend may be silent.", min=0.001)] = (
        60.0
    )
    tunnel_timeout: Annotated[
        float, _option("Seconds an upgraded connection may be silent.", min=0.001)
    ] = 3600.0
    pool_idle_timeout: Annotated[
        float, _option("Seconds an idle connection to a backend is kept.", min=0.001)
    ] = 30.0
    queue_timeout: Annotated[
        float, _option("Seconds that a request may wait for a busy backend.", min=0.001)
    ] = 5.0
    drain_timeout: Annotated[
        float, _option("Seconds that open requests get at SIGTERM.", min=0)
    ] = 30.0
    max_header_bytes: Annotated[int, _option("Bytes of a request's head at most.", min=256)] = (
        16 * 1024
    )
    max_headers: Annotated[int, _option("Header fields of a request at most.", min=1)] = 100
    max_body: Annotated[int, _option("Bytes of a request's body at most; 0: any.", min=0)] = 0
    max_connections: Annotated[int, _option("Clients' connections at most.", min=1)] = 20_000
    max_active: Annotated[
        int, _option("Requests at one backend at a time; more wait. 0: any number.", min=0)
    ] = 0
    max_queue: Annotated[
        int, _option("Requests that may wait for a service or for one backend.", min=0)
    ] = 1000
    eject_after: Annotated[
        int, _option("Requests in a row without an answer that eject a backend; 0: never.", min=0)
    ] = 5
    eject_time: Annotated[
        float,
        _option("Seconds of the first ejection; it doubles up to --eject-longest.", min=0.001),
    ] = 5.0
    eject_longest: Annotated[float, _option("Seconds of the longest ejection.", min=0.001)] = 300.0
    slow_start: Annotated[
        float, _option("Seconds in which a backend that comes up gets its full share.", min=0)
    ] = 0.0
    drain_limit: Annotated[
        float,
        _option(
            "Seconds that a backend's drain may last; its clients are moved then. 0: no limit.",
            min=0,
        ),
    ] = 0.0
    panic: Annotated[bool, _option("When no backend is up, try them all the same.")] = False
    retry_share: Annotated[
        float, _option("Second tries after a lost answer, as a share of requests.", min=0, max=1)
    ] = 0.2


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


def configure(
    options: Options, services: Mapping[str, Mapping[str, Any]] | None = None, secret: bytes = b""
) -> Config:
    """The configuration that the options describe; raises `UsageError`.

    `services` gives some services options of their own (see `toml`); `secret` keys the affinity
    cookie, and one is made when it is empty.
    """
    if options.access_log not in {"none", *FORMATS}:
        raise UsageError(f"--access-log {options.access_log!r}: it is none, json or common")
    backends = tuple(model.parse_backend(text) for text in options.backend or ())
    made = Config(
        listen=model.parse_address(options.listen, "--listen"),
        admin=None if options.admin == "none" else model.parse_address(options.admin, "--admin"),
        backends=model.distinct(backends),
        routes=tuple(model.parse_route(text) for text in options.route or ()),
        discover=tuple(
            dict.fromkeys(model.parse_discover(text) for text in options.discover or ())
        ),
        discover_interval=options.discover_interval,
        default_policy=_policy(options),
        health=model.HealthPolicy(
            path=_path(options.health_path),
            interval=options.health_interval,
            timeout=options.health_timeout,
            rise=options.rise,
            fall=options.fall,
            status=model.parse_statuses(options.health_status),
        ),
        timeouts=_timeouts(options),
        limits=model.Limits(
            header_bytes=options.max_header_bytes,
            header_count=options.max_headers,
            body=options.max_body,
            connections=options.max_connections,
            backend_active=options.max_active,
            queue=options.max_queue,
        ),
        ejection=EjectionPolicy(options.eject_after, options.eject_time, options.eject_longest),
        slow_start=options.slow_start,
        drain_limit=options.drain_limit,
        panic=options.panic,
        retry_share=options.retry_share,
        workers=options.workers,
        access_log=options.access_log,
        explain=options.explain,
        proxy_protocol=options.proxy_protocol,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        trusted=tuple(_network(text) for text in options.trust_proxy or ()),
        policies={
            model.parse_name(name, "service"): _policy(
                replace(options, **own), own_name="cookie_name" in own
            )
            for name, own in (services or {}).items()
        },
        secret=secret or secrets.token_bytes(32),
    )
    return coherent(made)


def _policy(options: Options, *, own_name: bool = False) -> model.ServicePolicy:
    if options.on_pin_lost not in {"redispatch", "fail"}:
        raise UsageError(f"--on-pin-lost {options.on_pin_lost!r}: it is redispatch or fail")
    return model.ServicePolicy(
        algorithm=options.algorithm,
        affinity=options.affinity,
        on_pin_lost=options.on_pin_lost,
        cookie=model.cookie_policy(
            name=options.cookie_name,
            exact=own_name,
            path=options.cookie_path,
            domain=options.cookie_domain,
            secure=options.cookie_secure or bool(options.tls_cert),
            http_only=options.cookie_http_only,
            same_site=options.cookie_same_site,
            max_idle=options.cookie_max_idle,
            max_life=options.cookie_max_life,
            permanent=options.cookie_permanent,
        ),
        table_entries=options.table_entries,
        table_idle=options.table_idle,
    )


def _timeouts(options: Options) -> model.Timeouts:
    return model.Timeouts(
        connect=options.connect_timeout,
        request_header=options.header_timeout,
        idle=options.idle_timeout,
        response=options.response_timeout,
        tunnel=options.tunnel_timeout,
        pool_idle=options.pool_idle_timeout,
        drain=options.drain_timeout,
        queue=options.queue_timeout,
    )


def _path(text: str) -> str:
    if not text.startswith("/") or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(f"--health-path {text!r} is not a path such as /readyz")
    return text


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise UsageError(f"--trust-proxy {text!r} is not a network such as 10.0.0.0/8") from None
