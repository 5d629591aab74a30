"""What can be broken on purpose, and mended again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.cluster import Cluster

if TYPE_CHECKING:
    from types import TracebackType

Step = Callable[[Cluster, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` breaks the cluster, `heal` mends it. Both are given the name of a node.

    What a cluster can't have done to it raises Skip.
    """

    summary: str
    inject: Step
    heal: Step


class Broken:
    """A cluster with a fault, for as long as the block lasts; a story that fails mends nothing."""

    def __init__(self, fault: Fault, cluster: Cluster, node: str) -> None:
        self.entered = False
        self._fault = fault
        self._cluster = cluster
        self._node = node

    async def __aenter__(self) -> None:
        self.entered = True
        await self._fault.inject(self._cluster, self._node)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is None:
            await self._fault.heal(self._cluster, self._node)
