"""How a new version comes to run: one small plan for each way, carried out on a `Membership`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sessionlab.lab.cluster.membership import Membership
from sessionlab.lab.cluster.node import Node
from sessionlab.lab.cluster.processes import START_SECONDS
from sessionlab.lab.errors import UsageError

DRAIN_SECONDS = 10.0


class Deploy(Protocol):
    """A way to replace nodes by such of another version."""

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        """Replace all of `old`.

        Raises DeployError when a new node does not get ready; the old ones that were not replaced
        yet go on serving then.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rolling:
    """Start a new node, drain an old one, stop it; and the next.

    The new one takes requests before the old one is touched; `at_a_time` says how many at once. A
    drain ends when nobody is tied to the old node any more, and after `limit` seconds at the
    latest. A new node gets `patience` seconds to be ready.
    """

    at_a_time: int = 1
    limit: float = DRAIN_SECONDS
    patience: float = START_SECONDS

    def __post_init__(self) -> None:
        _check(self.at_a_time)

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        for wave in _waves(old, self.at_a_time):
            await members.bring_up([node.service.name for node in wave], version, self.patience)
            await members.send_off(wave, self.limit)


@dataclass(frozen=True, slots=True)
class BlueGreen:
    """Start as many new nodes as there are, then drain all old ones."""

    limit: float = DRAIN_SECONDS
    patience: float = START_SECONDS

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        await Rolling(max(1, len(old)), self.limit, self.patience).carry_out(members, old, version)


@dataclass(frozen=True, slots=True)
class Cut:
    """Kill a node, start the new one in its place; and the next."""

    at_a_time: int = 1
    patience: float = START_SECONDS

    def __post_init__(self) -> None:
        _check(self.at_a_time)

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        for wave in _waves(old, self.at_a_time):
            await members.cut(wave, version, self.patience)


DEPLOYS: dict[str, type[Rolling | BlueGreen | Cut]] = {
    "rolling": Rolling,
    "blue-green": BlueGreen,
    "cut": Cut,
}


def _waves(nodes: Sequence[Node], size: int) -> Iterator[Sequence[Node]]:
    return (nodes[first : first + size] for first in range(0, len(nodes), size))


def _check(at_a_time: int) -> None:
    if at_a_time < 1:
        raise UsageError(f"a deploy of {at_a_time} nodes at a time", "ask for 1 or more")
