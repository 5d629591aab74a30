"""What the balancer knows: whom it ties to which node, and whom it would choose next.

Only our own tells it. Looking changes nothing there, and pins are listed only while they are few.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, Any

from sessionlab.lab.page.model.state import Balancing, Pin
from sessionlab.lab.verdicts.pins import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import aiohttp

    from sessionlab.lab.cluster.node import Node
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.page.model.visitors import Request

GLANCE = 0.7  # seconds that the balancer gets to answer
MOST_LISTED = 1000  # pins: to list more of them would keep it from its work
MOST_PINS = 50  # that are shown, those used last
_SHORT = 8  # characters
_HERE = "127.0.0.1"
_TIED = {
    "learn": "by the cookie {name}, which an answer gave it",
    "learn-header": "by the id in {name}, which an answer gave it",
    "header": "by what it sends in {name}",
    "query": "by the parameter {name} of its address",
    "source": "by the address that it comes from",
}
UNTIED = "nothing ties anybody to a node here: each request is placed anew"
_UNTOLD = {
    "none": UNTIED,
    "cookie": "each client carries its own pin, in a sealed cookie: the balancer only counts them",
}


async def balancing(
    http: aiohttp.ClientSession,
    admin: str,
    description: Description,
    nodes: Iterable[Node],
    whose: Mapping[str, Sequence[str]],
    moved: Mapping[str, Request],
) -> Balancing:
    """Raises what asking raises.

    `whose` are tabs by what they hold and where they come from, `moved` the last request of each
    that has made or moved its pin. A balancer that has found the `nodes` by itself calls them
    otherwise: what it knows is their addresses.
    """
    async with asyncio.timeout(GLANCE):
        services, backends = await asyncio.gather(
            _rows(http, f"{admin}/services", "services"),
            _rows(http, f"{admin}/backends", "backends"),
        )
        at = {str(node.address): node.name for node in nodes}
        names = {row["name"]: at.get(row["address"], row["name"]) for row in backends}
        counts = {names[row["name"]]: int(row["pins"]) for row in backends}
        total = sum(counts.values())
        kind, _, name = description.affinity.partition(":")
        why, pins = _UNTOLD.get(kind, ""), []
        if total > MOST_LISTED:
            why = why or f"{total} pins are too many to list: they are only counted"
        elif not why:
            rows = await _rows(http, f"{admin}/affinity", "pins")
            total, rows = len(rows), rows[-MOST_PINS:][::-1]
            rows = [row | {"backend": names.get(row["backend"], row["backend"])} for row in rows]
            tied = _TIED.get(kind, f"by {description.affinity}").format(name=name)
            pins = _pins(rows, tied, {key_of(value): tabs for value, tabs in whose.items()}, moved)
    (first, *others) = services
    if others:
        return Balancing(pins, total, counts, "", "each service has a next one of its own", why)
    backend, says = first["next"], first["says"]
    node = names.get(backend, backend)
    return Balancing(pins, total, counts, node, says.replace(backend, node) if node else says, why)


def key_of(value: str) -> str:
    """A value as the balancer's table shows it."""
    return hashlib.blake2b(value.encode(), digest_size=16).hexdigest()


async def _rows(http: aiohttp.ClientSession, url: str, what: str) -> list[dict[str, Any]]:
    async with http.get(url) as got:
        found: list[dict[str, Any]] = (await got.json())[what]
    return found


def _pins(
    rows: list[dict[str, Any]],
    tied: str,
    whose: Mapping[str, Sequence[str]],
    moved: Mapping[str, Request],
) -> list[Pin]:
    now = time.time()

    def ago(at: float) -> float:
        return round(max(0.0, now - at), 1)

    def why(node: str, key: str) -> str:
        if key == key_of(_HERE):
            return f"tied by its address, {_HERE}: whoever comes from this machine has the same"
        made = [moved[tab] for tab in whose.get(key, ()) if tab in moved]
        last = max(made, key=lambda one: one.at, default=None)
        known = f"; {in_words(last.pin, last.moved)}" if last and last.node == node else ""
        return f"tied {tied}{known}"

    return [
        Pin(
            *(row["key"][:_SHORT], row["backend"], ago(row["since"]), ago(row["last_seen"])),
            *(why(row["backend"], row["key"]), next(iter(whose.get(row["key"], ())), "")),
        )
        for row in rows
    ]
