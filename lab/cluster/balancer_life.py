"""What a story does to the balancer of its cluster: end it, freeze it, start it, have it reload."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.faults import Faults
    from sessionlab.lab.cluster.runtime import ClusterRuntime

PATIENCE = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class BalancerLife:
    """Every change is an event; `began` in it says when it was set off, on the run's clock `now`.

    All of it raises StepError for a cluster without a balancer, or when it is not in that state.
    """

    _runtime: ClusterRuntime
    _faults: Faults
    _emit: Callable[..., None]
    _now: Callable[[], float]

    async def kill(self) -> None:
        """SIGKILL: nobody is answered any more, and what it has learned is gone."""
        self._runtime.front()
        began = self._now()
        await self._runtime.parts.end(BALANCER, signal.SIGKILL)
        self._emit("balancer.killed", began=began)

    async def start(self) -> None:
        """Start it again after a kill: same address, same secrets, an empty memory.

        It sees every node that runs as up when this returns.
        """
        self._runtime.described_balancer()
        if self._runtime.running(BALANCER):
            raise StepError("the balancer is running already", "kill it first")
        began = self._now()
        await self._runtime.start_balancer()
        self._emit("balancer.started", began=began)

    async def freeze(self) -> None:
        """Stop it where it stands: it takes connections, and answers nothing."""
        self._runtime.front()
        await self._faults.pause(BALANCER)

    async def thaw(self) -> None:
        """Let it go on from there."""
        self._runtime.front()
        await self._faults.resume(BALANCER)

    async def restart(self) -> None:
        """SIGTERM, then start it again: what it has begun is finished, what it has learned gone.

        What it has not finished after 3 s, a WebSocket above all, is cut.
        """
        self._runtime.front()
        began = self._now()
        await self._runtime.parts.stop(BALANCER, signal.SIGTERM, PATIENCE)
        await self._runtime.start_balancer()
        self._emit("balancer.restarted", began=began)

    async def reload(self) -> None:
        """Have it read its configuration anew while it serves."""
        await self._runtime.front().reload()
        self._emit("balancer.reloaded")
