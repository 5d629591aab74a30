"""The deploy `rolling`: a new node first, then an old one is drained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.deploys.interface import DRAIN_SECONDS, check, waves
from sessionlab.lab.cluster.processes import START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.cluster.membership import Membership
    from sessionlab.lab.cluster.node import Node


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
        check(self.at_a_time)

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        for wave in waves(old, self.at_a_time):
            await members.bring_up([node.service.name for node in wave], version, self.patience)
            await members.send_off(wave, self.limit)
