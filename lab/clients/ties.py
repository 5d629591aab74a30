"""Whether a request holds what its cluster's affinity goes by, as far as its client can know.

The built-in balancer says itself what it found. Behind any other this is what is known: a request
without the cookie, header or parameter that an affinity goes by is tied to no node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_ALWAYS = frozenset({"host", "user-agent", "accept", "accept-encoding"})  # aiohttp sends them


def holds_tie(
    affinity: str, headers: Mapping[str, str], cookies: Collection[str], query: Collection[str]
) -> bool | None:
    """True or False; None where only the balancer knows, as of a cookie of its own."""
    kind, _, name = affinity.partition(":")
    if kind == "none":
        return False
    if kind == "source":
        return True
    if kind == "learn":
        return name in cookies
    if kind == "query":
        return name in query
    if kind in ("header", "learn-header"):
        sent = {*_ALWAYS, *map(str.lower, headers), *({"cookie"} if cookies else ())}
        return name.lower() in sent
    return None
