"""One app server of a cluster: its place, and what our demo app says there of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.balancers.interface import Backend

if TYPE_CHECKING:
    from sessionlab.lab.description.cluster import Service
    from sessionlab.lab.fabrics.interface import Address


@dataclass(frozen=True, slots=True)
class Node:
    """A node's place in the cluster; it keeps it when it is killed and started again.

    `version` is that of the app it runs; None leaves the node's own default. `number` is that of
    its name. `way` is the address at which the balancer finds it, its own unless a link is there.
    """

    name: str
    service: Service
    address: Address
    version: str | None = None
    number: int = 1
    way: Address | None = None

    @property
    def url(self) -> str:
        """Where it is reached past the balancer."""
        return self.address.url

    @property
    def backend(self) -> Backend:
        return Backend(self.service.name, self.name, self.way or self.address)

    async def readiness(self, http: aiohttp.ClientSession) -> dict[str, object]:
        """What `/readyz` of our demo app says; empty while nothing answers there."""
        try:
            async with http.get(f"{self.url}/readyz") as got:
                said: dict[str, object] = await got.json()
        except (aiohttp.ClientError, OSError, ValueError):
            return {}
        return said
