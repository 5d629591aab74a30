"""How a worker's cluster becomes equal to its parent's: the whole state, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.balancer.backends.state import Finding, State
from sessionlab.balancer.config.model import BackendSpec
from sessionlab.balancer.config.parsing import parse_address

if TYPE_CHECKING:
    from sessionlab.balancer.backends.pool import Idle
    from sessionlab.balancer.services.registry import Cluster


def state_of(cluster: Cluster) -> list[dict[str, Any]]:
    """What was asked of each backend and found of it, for `follow` in another process."""
    return [
        {
            "service": b.service,
            "name": b.name,
            "address": str(b.address),
            "share": b.share,
            "asked": str(b.asked),
            "limit": b.asked_limit,
            "found": str(b.found),
            "why": b.why,
            "draining": b.draining,
        }
        for b in cluster.backends()
    ]


def follow(cluster: Cluster, state: list[dict[str, Any]]) -> list[Idle]:
    """Become equal to the state of the parent. Returns what is to be closed."""
    closing, here = [], set()
    rows = {(row["service"], row["name"]): row for row in state}
    for backend in cluster.backends():
        where = (backend.service, backend.name)
        if where not in rows or rows[where]["address"] != str(backend.address):
            closing += cluster.remove(*where)
        else:
            here.add(where)
    for where, row in rows.items():
        if where not in here:
            cluster.add(BackendSpec(*where, parse_address(row["address"]), row["share"]))
        backend = cluster.change(*where, State(row["asked"]), row["share"], row["limit"])
        closing += cluster.set_finding(backend, Finding(row["found"]))
        backend.draining = row["draining"]
        backend.why = row["why"]
    return closing
