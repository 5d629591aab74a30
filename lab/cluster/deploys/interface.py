"""How a new version comes to run: one small plan for each way, carried out on a `Membership`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.cluster.membership import Membership
    from sessionlab.lab.cluster.node import Node

DRAIN_SECONDS = 10.0


class Deploy(Protocol):
    """A way to replace nodes by such of another version."""

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        """Replace all of `old`.

        Raises DeployError when a new node does not get ready; the old ones that were not replaced
        yet go on serving then.
        """
        ...


def waves(nodes: Sequence[Node], size: int) -> Iterator[Sequence[Node]]:
    """The nodes in their order, that many at a time."""
    return (nodes[first : first + size] for first in range(0, len(nodes), size))


def check(at_a_time: int) -> None:
    """Raise UsageError for a wave of no nodes."""
    if at_a_time < 1:
        raise UsageError(f"a deploy of {at_a_time} nodes at a time", "ask for 1 or more")
