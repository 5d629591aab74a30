"""Nodes that come to a running cluster and leave it, and what its balancer is told of that."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.processes import START_SECONDS
from sessionlab.lab.errors import DeployError, LabError, StepError
from sessionlab.lab.waiting import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.lab.cluster.node import Node
    from sessionlab.lab.cluster.runtime import ClusterRuntime

PAUSE = 0.02  # seconds between two looks at who is still tied to a node


@dataclass(frozen=True, slots=True)
class Membership:
    """Brings nodes up, drains them, sends them off. Every change is an event.

    An event is told when it has happened; `began` in it says when it was set off, on the clock
    `now` of the run, for a client may see a node's end before that is sure.
    """

    _runtime: ClusterRuntime
    _emit: Callable[..., None]
    _now: Callable[[], float]

    @property
    def nodes(self) -> dict[str, Node]:
        return self._runtime.nodes

    async def bring_up(
        self, services: Sequence[str], version: str | None, seconds: float = START_SECONDS
    ) -> list[Node]:
        """Start a new node for each of these services; they take requests when this returns.

        Raises DeployError when one does not get that far; none of them is left then.
        """
        new = [self._runtime.new_node(service, version) for service in services]
        try:
            await side_by_side([self._runtime.start_node(node, seconds) for node in new])
            for node in new:
                self.nodes[node.name] = node
                if self._runtime.balancer:
                    await self._runtime.front().add(node.backend)
            await self._runtime.all_up([node.name for node in new])
        except LabError as error:
            await self._give_up(new)
            stay = ", ".join(self.nodes) or "no node"
            raise DeployError(
                f"{_names(new)} did not come up: {error}",
                f"what was there before serves on: {stay}",
            ) from None
        for node in new:
            self._emit("node.added", node=node.name, version=version)
        return new

    async def send_off(self, nodes: Sequence[Node], limit: float) -> None:
        """Drain nodes until nobody is tied to them or the limit is over, then stop them."""
        ties = self._runtime.description.affinity != "none"  # else nobody loses anything by it
        if ties and limit > 0:
            for node in nodes:
                await self.drain(node, limit)
            await self._drained([node.name for node in nodes], limit)
        began = self._now()
        for node in nodes:
            if self._runtime.balancer:
                await self._runtime.front().remove(node.backend)
            del self.nodes[node.name]
        await side_by_side([self.stop(node, "node.removed", began) for node in nodes])
        for node in nodes:
            await self._runtime.vacate(node)

    async def drain(self, node: Node, limit: float) -> None:
        """Let no new client come to a node; those that are tied to it stay."""
        await self._runtime.front().drain(node.backend, limit)
        self._runtime.draining.add(node.name)
        self._emit("node.draining", node=node.name, limit=limit)

    async def stop(self, node: Node, event: str, began: float) -> None:
        """Have a node that runs leave, and tell it by that event; one that will not is killed."""
        if self._runtime.running(node.name) and await self._runtime.stop_node(node):
            how = self._runtime.program(node).stop
            self._emit("node.overdue", node=node.name, signal=how.signal, seconds=how.seconds)
        self._emit(event, node=node.name, began=began)

    async def recreate(self, nodes: Sequence[Node], version: str, seconds: float) -> None:
        """Kill nodes and start them anew: same names, same addresses, empty memories."""
        for node in nodes:
            began = self._now()
            if self._runtime.running(node.name):
                await self._runtime.parts.end(node.name, signal.SIGKILL)
            self._emit("node.killed", node=node.name, began=began)
            self.nodes[node.name] = self._runtime.renewed(node, version)
        new = [self.nodes[node.name] for node in nodes]
        try:
            await side_by_side([self._runtime.start_node(node, seconds) for node in new])
            await self._runtime.all_up([node.name for node in new])
        except LabError as error:
            for node in new:
                await self._runtime.abandon(node)  # or it would come late, and serve all the same
            stay = ", ".join(name for name in self.nodes if name not in {n.name for n in new})
            raise DeployError(
                f"{_names(new)} did not come up again: {error}",
                f"what is left serves on: {stay or 'no node'}",
            ) from None
        for node in new:
            self._emit("node.started", node=node.name, version=version)

    async def _drained(self, names: list[str], limit: float) -> None:
        """Wait until nobody is tied to them, so long at most. One look is for all of them.

        Were each looked at by itself, fifty would ask the balancer so much that it answers nobody.
        """
        until = time.monotonic() + limit
        while names:
            pins = await self._runtime.front().pins()
            is_over = time.monotonic() >= until
            for name in [name for name in names if is_over or pins.get(name) == 0]:
                self._emit("node.drained", node=name, pins_left=pins.get(name))
                names.remove(name)
            if names:
                await asyncio.sleep(PAUSE)

    async def _give_up(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if self.nodes.pop(node.name, None) and self._runtime.balancer:
                with contextlib.suppress(StepError):  # it may be what has failed
                    await self._runtime.front().remove(node.backend)
            await self._runtime.abandon(node)
            await self._runtime.vacate(node)


def _names(nodes: Sequence[Node]) -> str:
    return ", ".join(node.name for node in nodes)
