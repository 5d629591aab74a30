"""Faults of a node's machine: it has little of what it needs."""

from __future__ import annotations

from sessionlab.lab.faults.interface import Fault


def limits(summary: str, *, cpus: float | None = None, memory: int | None = None) -> Fault:
    return Fault(
        summary,
        lambda cluster, node: cluster.faults.limit(node, cpus=cpus, memory=memory),
        lambda cluster, node: cluster.faults.limit(node),
    )
