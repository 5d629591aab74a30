"""What the lab asks of a balancer, ours or somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lab.fabrics.interface import Address, Part

PART = "balancer"


@dataclass(frozen=True, slots=True)
class Backend:
    """A node as the balancer sees it."""

    service: str
    name: str
    address: Address


class Balancer(Protocol):
    """A balancer in front of one cluster. Its public address is fixed when it is made."""

    address: Address

    def part(self, backends: Sequence[Backend]) -> Part:
        """How to start it."""
        ...

    async def ready(self) -> bool:
        """Whether it answers; never raises while it is still coming up."""
        ...

    async def states(self) -> dict[str, str]:
        """Each backend's state by its name: up, drain, maintenance or down."""
        ...

    async def add(self, backend: Backend) -> None:
        """Let a new node take requests as soon as it is found healthy."""
        ...
