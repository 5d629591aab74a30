"""What the node believes of the edge in front of it: whether the client's own connection is TLS."""

import ipaddress
from dataclasses import dataclass
from typing import Literal

from multidict import CIMultiDictProxy

from sessionlab.nodes.errors import OptionError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SecurePolicy = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class Networks:
    """Networks whose members are trusted; none to begin with."""

    members: tuple[Network, ...] = ()

    def __contains__(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address in network for network in self.members)

    def __str__(self) -> str:
        return ",".join(map(str, self.members)) or "none"


@dataclass(frozen=True, slots=True)
class Edge:
    """Whether cookies are Secure: always, never, or when a trusted proxy says the edge is TLS."""

    policy: SecurePolicy = "auto"
    trusted: Networks = Networks()

    def is_secure(self, peer: str | None, headers: CIMultiDictProxy[str]) -> bool:
        """`peer` is the address at the other end of the socket, not what a header claims."""
        if self.policy != "auto":
            return self.policy == "always"
        if not self.trusts(peer):
            return False
        # Of several values the first is the client's side, as each proxy appends its own. Somebody
        # who smuggles an `https` in gets a cookie that his own plain connection will not take.
        first = headers.get("X-Forwarded-Proto", "").partition(",")[0]
        return first.strip().lower() == "https"

    def trusts(self, peer: str | None) -> bool:
        """Whether the peer's X-Forwarded-* are believed."""
        try:
            address = ipaddress.ip_address(peer or "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address):
            # A dual-stack socket shows an IPv4 peer as ::ffff:a.b.c.d.
            address = address.ipv4_mapped or address
        return address in self.trusted


def parse_networks(text: str) -> Networks:
    """`10.0.0.0/8,::1` as networks. Raises `OptionError`."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return Networks(tuple(ipaddress.ip_network(part) for part in parts))
    except ValueError as error:
        raise OptionError(f"{error}. Give networks as 10.0.0.0/8, separated by commas") from error
