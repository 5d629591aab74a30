"""Who may ask: whoever has the token, from this machine or where the page listens on purpose.

A web page of somebody else's reaches the loopback in a browser here, so: Host is this machine, or
an IP address where the page listens elsewhere (else a stranger's name could come to mean it: DNS
rebinding); Origin, when there is one, is the Host's own; what changes anything is JSON.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from yarl import URL

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Address

LOOPBACK = "127.0.0.1"


class Guard:
    """`listen` is where it listens, with the port that it has got.

    `is_here`: that is the loopback, and nobody else can reach it.
    """

    def __init__(self, listen: Address, token: str) -> None:
        self._port = listen.port
        self.is_here = listen.host == "localhost" or _is_loopback(listen.host)
        self._ask = str(listen) if self.is_here else f"{LOOPBACK}:{listen.port}"
        self._token = f"Bearer {token}".encode()

    def check_place(self, request: web.Request) -> None:
        """Raises HTTPForbidden for a Host or an Origin that may be somebody else's."""
        host = request.headers.get(hdrs.HOST, "")
        if not self._is_own(host):
            raise web.HTTPForbidden(reason=f"Host may be anybody's: ask {self._ask}")
        if {*request.headers.getall(hdrs.ORIGIN, ())} - {f"http://{host}"}:
            raise web.HTTPForbidden(reason="Origin is another one's: this is not for its pages")

    def check_token(self, request: web.Request) -> None:
        """Raises HTTPUnauthorized without it."""
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="replace")
        if not hmac.compare_digest(given, self._token):
            raise web.HTTPUnauthorized(
                headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
                reason="send Authorization: Bearer, with the run's token",
            )

    def _is_own(self, host: str) -> bool:
        if self.is_here:
            here = {f"{name}:{self._port}" for name in (LOOPBACK, "localhost", "[::1]")}
            return host in {*here, self._ask}
        try:
            name = URL(f"http://{host}").host or ""
        except ValueError:
            return False
        return is_host(name)


def is_host(name: str) -> bool:
    """Whether it means the same everywhere: an address, or this machine."""
    return name == "localhost" or _is_address(name)


def check_form(request: web.Request) -> None:
    """Raises HTTPUnsupportedMediaType for what a form of any page could send."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="the body is application/json")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return _is_address(name) and ip_address(name).is_loopback
