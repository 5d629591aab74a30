"""Looks at a running cluster: parts, balancer, store. Bounded in time, and raises nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.page.model.state import Balancing, Part, Store


class Looks:
    """One for each cluster on the page; `close` it with the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def parts(self, answered: Mapping[str, int]) -> list[Part]:
        """Every part; `answered` is how many requests each node has answered on this page."""
        raise NotImplementedError

    async def balancing(self) -> Balancing:
        """What the balancer knows and would do next."""
        raise NotImplementedError

    async def store(self) -> Store | None:
        """What Redis holds; None for a cluster without one."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give back what it has open."""
