"""The deploy `blue-green`: all new nodes first, then all old ones are drained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.deploys.interface import DRAIN_SECONDS
from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.cluster.processes import START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.cluster.membership import Membership
    from sessionlab.lab.cluster.node import Node


@dataclass(frozen=True, slots=True)
class BlueGreen:
    """Start as many new nodes as there are, then drain all old ones."""

    limit: float = DRAIN_SECONDS
    patience: float = START_SECONDS

    async def carry_out(self, members: Membership, old: Sequence[Node], version: str) -> None:
        await Rolling(max(1, len(old)), self.limit, self.patience).carry_out(members, old, version)
