"""From what an option or a request says to a value; each raises `UsageError`."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

from sessionlab.balancer.config import model
from sessionlab.balancer.config.model import (
    DEFAULT_SERVICE,
    MAX_WEIGHT,
    Address,
    BackendSpec,
    Route,
)
from sessionlab.balancer.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^:/\[\]\s]+)):(?P<port>\d{1,5})")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MAX_PORT = 65535


def parse_address(text: str, what: str = "address") -> Address:
    """`HOST:PORT`, `[IPV6]:PORT` or `unix:/path`."""
    if text.startswith("unix:/"):
        return Address("", 0, text.removeprefix("unix:"))
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _MAX_PORT:
        raise UsageError(f"{what} {text!r} is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    return Address(match["six"] or match["host"], int(match["port"]))


def parse_name(text: str, what: str) -> str:
    """A service's or a backend's name."""
    if _NAME.fullmatch(text) is None:
        raise UsageError(f"{what} {text!r}: use 1 to 64 letters, digits, '.', '_' or '-'")
    return text


def parse_weight(text: str) -> int:
    """0 to 1000: weight 0 keeps pinned clients and takes no new ones."""
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or int(text) > MAX_WEIGHT:
        raise UsageError(f"weight {text!r} is not a whole number from 0 to {MAX_WEIGHT}")
    return int(text)


def parse_statuses(text: str) -> range:
    """`200` or `200-399`."""
    match = re.fullmatch(r"([1-5]\d\d)(?:-([1-5]\d\d))?", text, re.ASCII)
    if match is None:
        raise UsageError(f"statuses {text!r}: say one, such as 200, or a range, such as 200-399")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def parse_backend(text: str) -> BackendSpec:
    """`[SERVICE/]NAME=HOST:PORT[,weight=N]`."""
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


def parse_discover(text: str) -> model.DiscoverSpec:
    """`[SERVICE/]HOST:PORT` or `[SERVICE/]srv:NAME`."""
    service, slash, address = text.rpartition("/")
    srv = re.fullmatch(r"srv:(?P<name>\w[\w.-]{0,252})", address, re.ASCII)
    try:
        where = parse_address(address)  # whose host may be called srv
    except UsageError:
        where = Address(srv["name"] if srv else "", 0)
    if not where.host or not (where.port or srv):
        raise UsageError(
            f"--discover {text!r} is not [SERVICE/]HOST:PORT, such as node:8001, or "
            "[SERVICE/]srv:NAME, such as srv:_http._tcp.app.example"
        )
    service = parse_name(service if slash else DEFAULT_SERVICE, "service")
    return model.DiscoverSpec(service, where.host, where.port, srv=not where.port)


def parse_route(text: str) -> Route:
    """`[HOST]/PREFIX=SERVICE[,strip]`."""
    match = re.fullmatch(
        r"(?P<host>[^/=\s]*)(?P<prefix>/[^=\s]*)=(?P<service>[^,]+)(?P<o>,strip)?", text
    )
    if match is None:
        raise UsageError(f"route {text!r} is not [HOST]/PREFIX=SERVICE[,strip]")
    service = parse_name(match["service"], "service")
    host, prefix = match["host"].lower().removesuffix("."), match["prefix"].rstrip("/")
    return Route(prefix, service, strip=match["o"] is not None, host=host)


def cookie_policy(**values: Any) -> model.CookiePolicy:
    """A cookie whose name and attributes can't break a header."""
    policy = model.CookiePolicy(**values)
    if _TOKEN.fullmatch(policy.name) is None:
        raise UsageError(f"cookie name {policy.name!r} is not a token (RFC 6265bis)")
    if policy.same_site not in {"Lax", "Strict", "None", "omit"}:
        raise UsageError(f"SameSite {policy.same_site!r}: it is Lax, Strict, None or omit")
    _check_as_browsers_do(policy)
    if policy.permanent and not (policy.max_life or policy.max_idle):
        raise UsageError("a permanent cookie needs an end: say how long a pin may live or be idle")
    if re.fullmatch(r"[!-:<-~]*", policy.path) is None:
        raise UsageError(f"cookie path {policy.path!r} holds a character that it can't hold")
    return policy


def _check_as_browsers_do(policy: model.CookiePolicy) -> None:
    """Refuse what browsers would drop without a word (RFC 6265bis sections 4.1.3 and 5.7)."""
    name = policy.name.lower()  # browsers don't look at its case
    prefixed = name.startswith(("__host-", "__secure-"))
    if (prefixed or policy.partitioned) and not policy.secure:
        what = "Partitioned" if policy.partitioned else f"cookie name {policy.name!r}"
        raise UsageError(f"{what}: browsers refuse it without --cookie-secure (or --tls-cert)")
    if name.startswith("__host-") and (policy.path != "/" or policy.domain):
        raise UsageError(
            f"cookie name {policy.name!r}: browsers refuse it with a --cookie-domain, or another "
            "--cookie-path than /"
        )
    if not policy.path.startswith("/"):
        raise UsageError(f"--cookie-path {policy.path!r}: browsers ignore one that is not from /")
    if policy.domain and re.fullmatch(r"\.?[A-Za-z0-9._-]+", policy.domain) is None:
        raise UsageError(f"--cookie-domain {policy.domain!r} is no host name; browsers refuse it")


def parse_token(text: str, what: str) -> str:
    """A name of a header or a cookie (RFC 9110 section 5.6.2)."""
    if _TOKEN.fullmatch(text) is None:
        raise UsageError(f"{what}: {text!r} can't be the name of a header or a cookie")
    return text


def parse_parameter(text: str, what: str) -> str:
    """A name as it stands in a query."""
    if re.fullmatch(r"[!-~]+", text) is None or re.search(r"[&=#]", text):
        raise UsageError(f"{what}: {text!r} can't be the name of a parameter of a query")
    return text


def parse_health_path(text: str) -> str:
    """A path for checks to GET."""
    if not text.startswith("/") or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(f"--health-path {text!r} is not a path such as /readyz")
    return text


def parse_probe(text: str) -> str:
    """`http` or `tcp`."""
    if text not in {"http", "tcp"}:
        raise UsageError(f"--health-probe {text!r}: it is http or tcp")
    return text


def parse_method(text: str) -> str:
    """The method of a check."""
    if _TOKEN.fullmatch(text) is None or text in {"CONNECT", "TRACE"}:
        raise UsageError(f"--health-method {text!r} is not a method such as GET or HEAD")
    return text


def parse_health_host(text: str) -> str:
    """`shop.example` or `shop.example:8080`."""
    if re.fullmatch(r"[0-9A-Za-z._:\[\]-]*", text, re.ASCII) is None:
        raise UsageError(f"--health-host {text!r} is not a host such as shop.example")
    return text


def parse_trust_header(text: str) -> str:
    """`x-forwarded-for` or `forwarded`."""
    if text.lower() not in {"x-forwarded-for", "forwarded"}:
        raise UsageError(f"--trust-header {text!r}: it is x-forwarded-for or forwarded")
    return text.lower()


def parse_network(text: str) -> model.Network:
    """`10.0.0.0/8`."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise UsageError(
            f"--trust-proxy {text!r} is not a network such as 10.0.0.0/8, or unix"
        ) from None
