"""What can be broken on purpose, and mended again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sessionlab.lab.cluster.cluster import Cluster

Step = Callable[[Cluster, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` breaks the cluster, `heal` mends it. Both are given the name of a node.

    What a cluster can't have done to it raises Skip.
    """

    summary: str
    inject: Step
    heal: Step
