"""Which service a request belongs to: the longest path prefix, on whole segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.balancer.config.model import Route


_ENDS = frozenset({b"", b"/", b";"})


class Router:
    """Routes by host and path prefix; a route with a host goes before one without.

    A final dot and a port, also an empty one, make no other host (RFC 3986 section 3.2), and
    parameters of the last segment (`;jsessionid=1`) no other path. Otherwise the path is
    matched as it came: nothing is decoded and no dot segment removed (HAProxy's `path_beg`), so
    what is matched is what is forwarded.
    """

    def __init__(self, routes: Sequence[Route], only: Route | None) -> None:
        self.only = only if not routes else None
        longest_first = sorted(routes, key=lambda r: (not r.host, -len(r.prefix)))
        self._by_prefix = [(r.host.encode(), r.prefix.encode(), r) for r in longest_first]

    def find(self, host: bytes, path: bytes) -> Route | None:
        """The route, or None when no route matches."""
        if self.only is not None:
            return self.only
        if path == b"*":
            path = b"/"  # OPTIONS asks about the server (RFC 9110 section 9.3.7)
        for wanted, prefix, route in self._by_prefix:
            if not path.startswith(prefix):
                continue
            if path[len(prefix) : len(prefix) + 1] not in _ENDS:
                continue  # /auth is no prefix of /authors
            if not wanted or _bare(host) == wanted:
                return route
        return None


def _bare(host: bytes) -> bytes:
    """The host without its port and the dot of the root, in lower case."""
    name, colon, port = host.rpartition(b":")
    return (name if colon and (port.isdigit() or not port) else host).lower().removesuffix(b".")
