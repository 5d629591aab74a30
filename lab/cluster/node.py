"""One app server of a cluster: how it is started, and how the lab asks whether it is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.balancers.interface import Backend
from sessionlab.lab.fabrics.interface import Address, Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.description.cluster import Service


@dataclass(frozen=True, slots=True)
class Node:
    """A node's place in the cluster; it keeps it when it is killed and started again.

    `version` is that of the app it runs; None leaves the node's own default.
    """

    name: str
    service: Service
    address: Address
    version: str | None = None

    @property
    def url(self) -> str:
        """Where it is reached past the balancer."""
        return self.address.url

    @property
    def backend(self) -> Backend:
        return Backend(self.service.name, self.name, self.address)

    def part(self, options: Mapping[str, str], secrets: Mapping[str, str]) -> Part:
        """How to start it. `options` go on the command line, `secrets` into the environment."""
        wanted = {
            "listen": str(self.address),
            "id": self.name,
            "service": self.service.name,
            "strategy": self.service.strategy,
            "hash-cost": "low",  # the lab measures sessions, not password hashing
            **({"app-version": self.version} if self.version else {}),
            **options,
            **self.service.options,
        }
        arguments = [word for name, value in wanted.items() for word in (f"--{name}", value)]
        return Part(self.name, self.service.program, arguments, secrets)

    async def readiness(self, http: aiohttp.ClientSession) -> dict[str, object]:
        """What `/readyz` says; empty while nothing answers there."""
        try:
            async with http.get(f"{self.url}/readyz") as got:
                said: dict[str, object] = await got.json()
        except (aiohttp.ClientError, OSError, ValueError):
            return {}
        return said
