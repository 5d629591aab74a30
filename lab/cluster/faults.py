"""What a story can do to any part of a cluster: to its life, its network, its share of the machine.

A part is a node by its name, `balancer` or `redis`; where a link stands, `clients` is one as well.
What the fabric can't do raises Skip.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.errors import Skip, StepError
from sessionlab.lab.fabrics.interface import FREE, GOOD, Confined, Limits, Link, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.runtime import ClusterRuntime


@dataclass
class Faults:
    """Every change is an event. What was done to a part outlasts a restart of it."""

    _runtime: ClusterRuntime
    _sandbox: Sandbox
    _emit: Callable[..., None]
    _now: Callable[[], float]
    paused: set[str] = field(default_factory=set)

    async def pause(self, part: str) -> None:
        """Stop it where it stands: it answers nothing, and keeps all its connections."""
        began = self._now()
        await self._sandbox.signal(self._running(part), signal.SIGSTOP)
        self.paused.add(part)
        self._emit("part.paused", part=part, began=began)

    async def resume(self, part: str) -> None:
        """Let it go on from there."""
        await self._sandbox.signal(self._running(part), signal.SIGCONT)
        self.paused.discard(part)
        self._emit("part.resumed", part=part)

    async def leave(self, node: str) -> None:
        """Have a node ask to be drained: `/readyz` says 503, and it serves on (SIGUSR1)."""
        await self._tell_ready(node, signal.SIGUSR1, ready=False)
        self._emit("node.leaving", node=node)

    async def stay(self, node: str) -> None:
        """Have it take that back (SIGUSR2); the balancer sees it up when this returns."""
        await self._tell_ready(node, signal.SIGUSR2, ready=True)
        await self._runtime.all_up([node])
        self._emit("node.staying", node=node)

    async def partition(self, one: str, other: str) -> None:
        """Nothing gets from one to the other any more, or back."""
        began = self._now()
        if self._runtime.links.between(one, other):
            await self._runtime.links.set(one, other, "partition")
        else:
            confined = self._confined("partition two parts from each other")
            await confined.partition(self._known(one), self._known(other))
        self._emit("link.partitioned", parts=[one, other], began=began)

    async def join(self, one: str, other: str) -> None:
        """The end of that partition."""
        if self._runtime.links.between(one, other):
            await self._runtime.links.clear(one, other, "partition")
        else:
            confined = self._confined("join two parts again")
            await confined.join(self._known(one), self._known(other))
        self._emit("link.joined", parts=[one, other])

    async def impair(self, one: str, other: str, rule: str, **settings: str | float | bool) -> None:
        """Have the link between two parts go by a rule: `python -m sessionlab.lab.link --help`.

        Raises Skip where no link stands, and StepError for what it does not know.
        """
        began = self._now()
        await self._runtime.links.set(one, other, rule, **settings)
        self._emit("link.impaired", parts=[one, other], rule=rule, **settings, began=began)

    async def repair(self, one: str, other: str, rule: str) -> int:
        """The end of that; how many requests the rule has struck."""
        struck = await self._runtime.links.clear(one, other, rule)
        self._emit("link.repaired", parts=[one, other], rule=rule, struck=struck)
        return struck

    async def link(
        self,
        part: str,
        *,
        delay: float = 0.0,
        jitter: float = 0.0,
        rate: int = 0,
        loss: float = 0.0,
    ) -> None:
        """Make its network as bad as that; without any of these, good again.

        `delay` and `jitter` (seconds) and `rate` (bits a second) are for what it sends, `loss` (a
        share) for what is sent to it.
        """
        wanted = Link(delay, jitter, rate, loss)
        await self._confined("change a network").shape(self._known(part), wanted)
        how = {"delay": delay, "jitter": jitter, "rate": rate, "loss": loss}
        self._emit("link.mended" if wanted == GOOD else "link.worsened", part=part, **how)

    async def limit(
        self, part: str, *, cpus: float | None = None, memory: int | None = None
    ) -> None:
        """Let it use no more than these processors and bytes; without any, all there are."""
        wanted = Limits(cpus, memory)
        await self._confined("limit a part").limit(self._known(part), wanted)
        kind = "part.unlimited" if wanted == FREE else "part.limited"
        self._emit(kind, part=part, cpus=cpus, memory=memory)

    async def _tell_ready(self, name: str, signum: signal.Signals, *, ready: bool) -> None:
        if name not in self._runtime.nodes:
            raise StepError(
                f"no node named {name!r}", f"there are: {', '.join(self._runtime.nodes)}"
            )
        node = self._runtime.nodes[name]
        if node.service.app:
            raise Skip("only our demo app can be told to ask for its drain", "cluster.drain() does")
        await self._sandbox.signal(self._running(name), signum)

        async def told() -> bool:
            return (await node.readiness(self._runtime.http)).get("ready") is ready

        await self._runtime.parts.wait_for(name, told, f"{name} to say whether it is ready")

    @property
    def confined(self) -> bool:
        """Whether its parts have a network of their own."""
        return isinstance(self._sandbox, Confined)

    def _confined(self, what: str) -> Confined:
        if isinstance(self._sandbox, Confined):
            return self._sandbox
        raise Skip(f"this fabric can't {what}", "--fabric docker can")

    def _known(self, part: str) -> str:
        known = [*self._runtime.nodes]
        if self._runtime.balancer is not None:
            known.append(BALANCER)
        if self._runtime.redis is not None and self._runtime.redis.part is not None:
            known.append(REDIS)
        if part not in known:
            raise StepError(f"no part named {part!r}", f"there are: {', '.join(known)}")
        return part

    def _running(self, part: str) -> str:
        if not self._runtime.running(self._known(part)):
            raise StepError(f"{part} is not running")
        return part
