"""Which parts of a running cluster have ended by themselves: crashed, or killed from outside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.cluster.redis import PART as REDIS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.runtime import ClusterRuntime

PAUSE = 0.2  # seconds between two looks


@dataclass
class Deaths:
    """Emits an event for each; `began` in it is when the part was last seen alive."""

    runtime: ClusterRuntime
    emit: Callable[..., None]
    now: Callable[[], float]

    def __post_init__(self) -> None:
        self._looked = self.now()
        self._told: set[str] = set()

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(PAUSE)

    def look(self) -> None:
        began, self._looked = self._looked, self.now()
        for name in (*self.runtime.nodes, BALANCER, REDIS, *self.runtime.links.names):
            status = self.runtime.parts.died(name)
            if status is None:
                self._told.discard(name)
            elif name not in self._told:
                self._told.add(name)
                is_link = name in self.runtime.links.names
                kind = "node" if name in self.runtime.nodes else "link" if is_link else name
                self.emit(f"{kind}.ended", node=name, status=status, began=began)
