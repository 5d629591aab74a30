"""Faults of a node's network: it is partitioned from another part, or slow, narrow or lossy."""

from __future__ import annotations

from sessionlab.lab.faults.interface import Fault


def partition(peer: str, summary: str) -> Fault:
    return Fault(
        summary,
        lambda cluster, node: cluster.faults.partition(node, peer),
        lambda cluster, node: cluster.faults.join(node, peer),
    )


def bad_link(summary: str, *, delay: float = 0.0, rate: int = 0, loss: float = 0.0) -> Fault:
    return Fault(
        summary,
        lambda cluster, node: cluster.faults.link(node, delay=delay, rate=rate, loss=loss),
        lambda cluster, node: cluster.faults.link(node),
    )
