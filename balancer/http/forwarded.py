"""Whom the proxies before us have served, as X-Forwarded-For or Forwarded (RFC 7239) tells it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FORWARDED = b"forwarded"
# An address of IPv6 in brackets, of IPv4 with a port, or as it is (RFC 7239 section 6).
_PORT = rb":(?:\d+|_[0-9A-Za-z._-]+)"
_HOP = re.compile(
    rb"\[([0-9A-Fa-f:.]+)\](?:%b)?|([0-9.]+)%b|([0-9A-Fa-f:.]+)".replace(b"%b", _PORT)
)
_PAIR = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|\"([^\"\\]*)\")"
)


def hops(chain: bytes, header: bytes) -> Iterator[str]:
    """Addresses from the last on, up to what is none (`unknown`, `_hidden`, nonsense).

    A comma parts hops even in quotes, so that no quote that a stranger left open hides what a
    proxy has added; a proxy's own comma in quotes leaves halves that are no hops.
    """
    for text in reversed(chain.split(b",")):
        element = text.strip(b" \t")
        match = _HOP.fullmatch(_node(element) if header == FORWARDED else element)
        if match is None:
            return
        yield (match[1] or match[2] or match[3]).decode()


def _node(element: bytes) -> bytes:
    """What its one `for` says; nothing when it is malformed."""
    nodes = []
    for text in element.split(b";"):
        match = _PAIR.fullmatch(text.strip(b" \t"))
        if match is None:
            return b""
        if match[1].lower() == b"for":
            nodes.append(match[2] or match[3])
    return nodes[0] if len(nodes) == 1 else b""
