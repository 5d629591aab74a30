"""What the lab asks of a balancer, ours or somebody else's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import aiohttp

from sessionlab.lab.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.balancers.tls import Edge
    from sessionlab.lab.fabrics.interface import Address, Part

PART = "balancer"


@dataclass(frozen=True, slots=True)
class Backend:
    """A node as the balancer sees it."""

    service: str
    name: str
    address: Address


class Balancer(Protocol):
    """A balancer in front of one cluster. Its public address is fixed when it is made.

    With an `edge` it speaks TLS there.
    """

    address: Address
    edge: Edge | None

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

    async def drain(self, backend: Backend, limit: float) -> None:
        """Let no new client come to a node, and keep those that are tied to it.

        After `limit` seconds at most they may be sent elsewhere. Raises Skip when the balancer
        knows no such state.
        """
        ...

    async def pins(self) -> Mapping[str, int]:
        """How many clients are tied to each node, by its name; empty when it cannot tell."""
        ...

    async def remove(self, backend: Backend) -> None:
        """Send nothing to a node any more; what it has begun to answer it may finish."""
        ...

    async def reload(self) -> None:
        """Have it read the same configuration anew, and return when it goes by it."""
        ...


@contextmanager
def asking() -> Iterator[None]:
    """Raises StepError where the balancer does not answer what it is asked here."""
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
        raise StepError(f"the balancer did not answer ({str(error) or 'in time'})") from None
