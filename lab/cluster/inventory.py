"""The parts of a running cluster as one sees them from outside: who, where, in which state."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from yarl import URL

from sessionlab.lab.balancers.builtin import Builtin
from sessionlab.lab.balancers.external import ExternalBalancer
from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.cluster.processes import how_ended
from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.cluster.faults import Faults
    from sessionlab.lab.cluster.redis import Redis
    from sessionlab.lab.cluster.runtime import ClusterRuntime
    from sessionlab.lab.description.keys import Key
    from sessionlab.lab.errors import StartError
    from sessionlab.lab.fabrics.interface import Sandbox

GLANCE = 1.0  # seconds that a balancer gets to say what it thinks of its nodes


class Kind(StrEnum):
    NODE = "node"
    BALANCER = BALANCER
    REDIS = REDIS


class State(StrEnum):
    RUNNING = "running"
    FROZEN = "frozen"
    ENDED = "ended"
    ELSEWHERE = "not ours"


@dataclass(frozen=True, slots=True)
class PartState:
    """One part. `pid` is None where there is none to tell, `seen` the balancer's word for a node.

    `how` says how it ended.
    """

    name: str
    kind: Kind
    address: str
    state: State
    pid: int | None = None
    seen: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Looks at the parts, and touches none."""

    _runtime: ClusterRuntime
    _sandbox: Sandbox
    _faults: Faults

    def parts(self) -> list[PartState]:
        """Every part, nodes first; without process ids and the balancer's words."""
        runtime = self._runtime
        found = [self._part(n.name, Kind.NODE, str(n.address)) for n in runtime.nodes.values()]
        if runtime.balancer:
            found.append(self._part(BALANCER, Kind.BALANCER, str(runtime.balancer.address)))
        if redis := runtime.redis:
            url = URL(redis.url)  # without its password
            part = self._part(REDIS, Kind.REDIS, f"{url.host}:{url.port}" if url.host else url.path)
            found.append(part if redis.part else replace(part, state=State.ELSEWHERE))
        return found

    async def looked_at(self) -> list[PartState]:
        """The same with all that is known."""
        words = await self._words()
        return [
            replace(
                one,
                pid=await self._sandbox.pid(one.name),
                seen=words.get(one.name, words.get(one.address, "")),
            )
            for one in self.parts()
        ]

    @property
    def admin_url(self) -> str | None:
        """The balancer's admin listener, where it has one that a person can look at."""
        front = self._runtime.balancer
        if isinstance(front, ExternalBalancer):
            return front.admin_url
        return front.admin.url if isinstance(front, Builtin) else None

    @property
    def containers(self) -> Mapping[str, str]:
        """What the parts' containers are called, where Compose has started them; by part."""
        return self._runtime.containers

    @property
    def redis(self) -> Redis | None:
        """The shared Redis, where there is one."""
        return self._runtime.redis

    @property
    def keys(self) -> Sequence[Key] | None:
        """What nodes verify tokens with, the one first that signs; None where only they have it."""
        return self._runtime.keys

    @property
    def tells_ids(self) -> bool:
        """Whether its balancer logs each request with the id that the node gets and logs, too."""
        return isinstance(self._runtime.balancer, Builtin)

    @property
    def is_of_an_app(self) -> bool:
        """Whether its nodes are copies of an app that is not ours."""
        return self._runtime.description.app is not None

    def printed(self, name: str, since: int, most: int) -> bytes:
        """What a part has printed from that byte on, `most` bytes of it."""
        return self._sandbox.printed(name, since, most)

    def empty(self, name: str, size: int) -> bool:
        """Forget what it has printed, if that is `size` bytes by now; whether it was done."""
        return self._sandbox.empty(name, size)

    def has_ended(self, name: str) -> bool:
        """Whether a part has ended, which may have left the cluster."""
        return self._sandbox.ended(name) is not None

    def end_of(self, name: str) -> StartError | None:
        """How a part ended, with its last lines."""
        return self._runtime.parts.end_of(name)

    def _part(self, name: str, kind: Kind, address: str) -> PartState:
        if how := self._runtime.away.get(name):
            return PartState(name, kind, address, State.ENDED, how=how)
        status = self._sandbox.ended(name)
        if status is not None:
            self._faults.paused.discard(name)
            return PartState(name, kind, address, State.ENDED, how=how_ended(status))
        is_silent = name in self._faults.paused or name in self._runtime.silent
        state = State.FROZEN if is_silent else State.RUNNING
        return PartState(name, kind, address, state)

    async def _words(self) -> dict[str, str]:
        balancer = self._runtime.balancer
        if balancer and self._part(BALANCER, Kind.BALANCER, "").state is State.RUNNING:
            with contextlib.suppress(LabError, TimeoutError):
                async with asyncio.timeout(GLANCE):
                    return await balancer.states()
        return {}
