"""Keeps web pages from the admin API: a browser on the same machine reaches what it reaches.

A page elsewhere can send what a form can (CSRF): that has a foreign Origin, or no JSON. Or its name
can come to mean our address (DNS rebinding): then it is in Host, and no name that others can give
themselves is taken. Names without a dot, and those of RFC 6761, 6762 and ICANN's .internal, are
not in the public DNS.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sessionlab.balancer.errors import ForbiddenError, MediaTypeError

if TYPE_CHECKING:
    from aiohttp import web

    from sessionlab.balancer.config.model import Address

_PRIVATE = ("localhost", "local", "internal", "test")


def guard(request: web.Request, listens: Address | None) -> None:
    """Raises `ForbiddenError` or `MediaTypeError`; `listens` is the configured admin address."""
    host = request.headers.get("Host", "")
    name = _name(host)
    known = listens is not None and (bool(listens.path) or name == listens.host.lower())
    if host and not known and not _private(name):
        raise ForbiddenError(
            f"Host {name[:64]!r} may be anybody's: use an IP address, localhost, a name without a "
            "dot, or the host that --admin names"
        )
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise ForbiddenError(
            "Origin is another one's: this API is not for web pages. Ask it without a browser, "
            "with curl for example."
        )
    if request.can_read_body and request.content_type != "application/json":
        raise MediaTypeError("a body is JSON: send it with Content-Type: application/json")


def _name(host: str) -> str:
    """The host without port and brackets, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return host


def _private(name: str) -> bool:
    """Whether no stranger can make the name mean what he likes."""
    if "." not in name and ":" not in name:
        return True
    try:
        ip_address(name)
    except ValueError:
        return name.rpartition(".")[2] in _PRIVATE
    return True
