"""The deploy `recreate`: the old node is gone before the new one starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.deploys.interface import check, waves
from sessionlab.lab.cluster.processes import START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.cluster.membership import Membership
    from sessionlab.lab.cluster.node import Node


@dataclass(frozen=True, slots=True)
class Recreate:
    """Kill a node, start the new one in its place; and the next."""

    at_a_time: int = 1
    patience: float = START_SECONDS

    def __post_init__(self) -> None:
        check(self.at_a_time)

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        for wave in waves(old, self.at_a_time):
            await members.recreate(wave, version, self.patience)
