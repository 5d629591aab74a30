"""Faults of a node's machine: it has little of what it needs."""

from __future__ import annotations

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.scenario.faults.interface import Fault


def limits(summary: str, *, cpus: float | None = None, memory: int | None = None) -> Fault:
    async def limit(cluster: Cluster, node: str) -> None:
        await cluster.faults.limit(node, cpus=cpus, memory=memory)

    async def lift(cluster: Cluster, node: str) -> None:
        await cluster.faults.limit(node)

    return Fault(summary, limit, lift)
