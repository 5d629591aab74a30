"""Faults of a node's network: it is partitioned from another part, or slow, narrow or lossy."""

from __future__ import annotations

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.scenario.faults.interface import Fault


def partition(peer: str, summary: str) -> Fault:
    async def part(cluster: Cluster, node: str) -> None:
        await cluster.faults.partition(node, peer)

    async def join(cluster: Cluster, node: str) -> None:
        await cluster.faults.join(node, peer)

    return Fault(summary, part, join)


def bad_link(summary: str, *, delay: float = 0.0, rate: int = 0, loss: float = 0.0) -> Fault:
    async def worsen(cluster: Cluster, node: str) -> None:
        await cluster.faults.link(node, delay=delay, rate=rate, loss=loss)

    async def mend(cluster: Cluster, node: str) -> None:
        await cluster.faults.link(node)

    return Fault(summary, worsen, mend)
