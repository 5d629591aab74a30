"""The fields that a forwarded request gets from us, in bytes.

The head is the method and the target, then `before`, the lines that are passed on as they are,
`after`, and the request's own id. `before` and `after` depend only on the client and on the lines
that mean something to us, so a connection keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, cast

from sessionlab.balancer.affinity.interface import Claim
from sessionlab.balancer.http.forwarded import FORWARDED, hops
from sessionlab.balancer.http.request_fields import CHUNKED, Fields

if TYPE_CHECKING:
    import asyncio

    from sessionlab.balancer.config.model import Config, Network
    from sessionlab.balancer.http.request_head import Request
    from sessionlab.balancer.services.service import Service

_MOST_PEERS = 4096
_UNKNOWN = "unknown"  # RFC 7239 section 6.2; at a Unix socket everybody is
_WRITTEN = {b"x-forwarded-" + name for name in (b"for", b"proto", b"host", b"prefix")}
_X_FORWARDED_FOR = b"x-forwarded-for"


@dataclass(slots=True)
class Peer:
    """Who has connected, and whether its word is believed.

    `trusted` are the networks whose word on who came before is believed, None if this peer's is
    not; `told_by` is the field, in lower case, that tells the client's address. `local` is where we
    listen: the Host of an HTTP/1.0 request without one. `told_via` says that backends are told
    that the request came through us.
    """

    address: bytes
    scheme: bytes
    trusted: tuple[Network, ...] | None
    local: bytes
    told_via: bool = True
    told_by: bytes = _X_FORWARDED_FOR


class Peers:
    """Those who were here lately: one object for each address, as what is made for one is kept."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: dict[str, Peer] = {}

    def of(self, transport: asyncio.Transport) -> Peer:
        """Who has connected."""
        name = transport.get_extra_info("peername")
        return self.at(name[0] if isinstance(name, tuple) else _UNKNOWN)

    def at(self, address: str) -> Peer:
        """Who has that address, by the connection or by the PROXY protocol."""
        peer = self._known.get(address)
        if peer is None:
            config = self._config
            scheme = b"https" if config.tls_cert else b"http"
            local = b"localhost" if config.listen.path else str(config.listen).encode()
            plain = _plain(address)
            at_socket = config.trust_unix and address == _UNKNOWN
            trusted = config.trusted if at_socket or _in(config.trusted, plain) else None
            told_by = config.trust_header.encode()
            peer = Peer(plain.encode(), scheme, trusted, local, config.via, told_by)
            if len(self._known) >= _MOST_PEERS:
                self._known.clear()
            self._known[address] = peer
        return peer


def _in(networks: tuple[Network, ...], address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)


def source_of(fields: Fields, peer: Peer) -> bytes:
    """The client's address: behind trusted proxies the last that none of them is at.

    As nginx with real_ip_recursive. What is no address ends the search.
    """
    source = peer.address
    if peer.trusted is None or not fields.claimed:
        return source
    for hop in hops(fields.claimed.get(peer.told_by, b""), peer.told_by):
        address = _plain(hop)
        try:
            source = str(ip_address(address)).encode()
        except ValueError:
            break
        if not _in(peer.trusted, address):
            break
    return source


@dataclass(slots=True, eq=False)
class Prepared:
    """Fields made ready for a service."""

    fields: Fields
    service: Service
    prefix: bytes
    peer: Peer
    source: bytes
    """The client's address, which trusted proxies may have told."""
    claim: Claim
    before: bytes
    after: bytes


NOT_PREPARED = Prepared(
    Fields(),
    cast("Service", None),
    b"",
    Peer(b"", b"", None, b""),
    b"",
    Claim(None, b""),
    b"",
    b"",
)
"""Stands for the time before the first request; its `service` is none."""


def prepare(fields: Fields, service: Service, prefix: bytes, peer: Peer) -> Prepared:
    """Read the claim and write the lines; `prefix` is what the route strips, if anything."""
    known: Prepared | None = fields.prepared
    if (
        known is not None
        and known.service is service
        and known.peer is peer
        and known.prefix == prefix
    ):
        return known
    source = source_of(fields, peer)
    claim = service.affinity.claim(fields, source)
    before = b" HTTP/1.1\r\nHost: %b\r\n" % (fields.host or peer.local)
    after = _after(fields, claim.cookie, prefix, peer)
    made = Prepared(fields, service, prefix, peer, source, claim, before, after)
    if fields.remembered:
        fields.prepared = made
    return made


def start(request: Request, prepared: Prepared) -> bytes:
    """The head up to the id, which follows with the empty line."""
    if request.start_for is prepared:
        return request.start
    target = request.target
    if prepared.prefix:
        target = target[len(prepared.prefix) :]
        if target[:1] != b"/":
            target = b"/" + target
    parts = (request.method, b" ", target, prepared.before, request.forward, prepared.after)
    request.start_for = prepared
    request.start = b"".join(parts)
    return request.start


def _after(fields: Fields, cookie: bytes, prefix: bytes, peer: Peer) -> bytes:
    lines = []
    if cookie:
        lines.append(b"Cookie: %b\r\n" % cookie)
    if fields.length == CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif fields.sized:
        lines.append(b"Content-Length: %d\r\n" % fields.length)
    if fields.expect_continue:
        lines.append(b"Expect: 100-continue\r\n")
    lines.extend(_of_this_hop(fields))
    lines.extend(_forwarded(fields, prefix, peer))
    if peer.told_via:
        lines.append(b"Via: 1.%d sessionlab\r\n" % fields.minor)  # RFC 9110 section 7.6.3
    lines.append(b"X-Request-ID: %b" % fields.request_id)
    return b"".join(lines)


def _of_this_hop(fields: Fields) -> list[bytes]:
    """TE and Upgrade, and Connection, which has to name them (RFC 9110 section 7.6.1)."""
    lines = []
    options = []
    if fields.te_trailers:
        lines.append(b"TE: trailers\r\n")
        options.append(b"TE")
    if fields.upgrade:
        lines.append(b"Upgrade: %b\r\n" % fields.upgrade)
        options.append(b"Upgrade")
    if options:
        lines.append(b"Connection: %b\r\n" % b", ".join(options))
    return lines


def _forwarded(fields: Fields, prefix: bytes, peer: Peer) -> list[bytes]:
    """X-Forwarded-*: from a trusted peer they are continued, from any other replaced."""
    claimed = {} if peer.trusted is None else fields.claimed or {}
    chain = claimed.get(_X_FORWARDED_FOR)
    if peer.told_by == FORWARDED:  # then the other may be the client's own word
        told = source_of(fields, peer)
        chain = None if told == peer.address else told
    source = b"%b, %b" % (chain, peer.address) if chain else peer.address
    scheme = claimed.get(b"x-forwarded-proto", peer.scheme)
    host = claimed.get(b"x-forwarded-host", fields.host or peer.local)
    lines = [
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n"
        % (source, scheme, host)
    ]
    prefix = claimed.get(b"x-forwarded-prefix", b"") + prefix
    if prefix:
        lines.append(b"X-Forwarded-Prefix: %b\r\n" % prefix)
    for name, value in claimed.items():
        # With an underscore it would be one of the others to CGI.
        if name not in _WRITTEN and name not in fields.options and b"_" not in name:
            lines.append(b"%b: %b\r\n" % (name.title(), value))
    return lines


def _plain(address: str) -> str:
    """A client of IPv4 as such, also where it came through a socket of IPv6."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return address if mapped is None else str(mapped)
