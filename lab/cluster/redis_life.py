"""What a story does to the Redis of its cluster: end it, start it again, or spoil it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.cluster.redis import Redis, the_lab_s_own
from sessionlab.lab.errors import LabError

PAUSE = 0.002  # seconds in which commands get through
NOBODY = ("127.0.0.1", 1)  # who a replica may wait for, and in vain

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.runtime import ClusterRuntime


@dataclass(slots=True)
class RedisLife:
    """Every change is an event, as in `BalancerLife`.

    Raises StepError for a cluster without a Redis, and Skip for one that is not the lab's.
    """

    _runtime: ClusterRuntime
    _emit: Callable[..., None]
    _now: Callable[[], float]
    _stalls: bool = True
    _stalling: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """SIGKILL: every session in it is gone, unless it keeps them."""
        the_lab_s_own(self._runtime.redis)
        began = self._now()
        await self._runtime.parts.end(REDIS, signal.SIGKILL)
        self._emit("redis.stopped", keeps=self._runtime.description.redis_keeps, began=began)

    async def start(self) -> None:
        """At the same address, empty unless it keeps its data."""
        began = self._now()
        await self._runtime.start_redis(the_lab_s_own(self._runtime.redis))
        self._emit("redis.started", began=began)

    async def flush(self) -> None:
        """FLUSHALL: every session in it is gone, even if it keeps them otherwise."""
        await self._tell("redis.flushed", "FLUSHALL", "SYNC", keeps=False)

    async def fill(self) -> None:
        """It has no memory left for more (`maxmemory 1`, nothing evicted): writes are errors."""
        await self._own.tell("CONFIG", "SET", "maxmemory-policy", "noeviction")
        await self._tell("redis.full", "CONFIG", "SET", "maxmemory", 1, keeps=True)

    async def make_room(self) -> None:
        """It has all the memory there is."""
        await self._tell("redis.roomy", "CONFIG", "SET", "maxmemory", 0)

    async def demote(self) -> None:
        """It becomes a replica, of nobody who answers: it serves reads, and refuses writes."""
        await self._tell("redis.readonly", "REPLICAOF", *NOBODY, keeps=True)

    async def promote(self) -> None:
        """It is a primary again, with what it held."""
        await self._tell("redis.writable", "REPLICAOF", "NO", "ONE")

    async def stall(self, seconds: float) -> None:
        """CLIENT PAUSE, over and over: each command waits up to so long for its turn."""
        await self._settle()
        await self._tell("redis.slow", "CLIENT", "PAUSE", round(seconds * 1000), keeps=True)
        self._stalling = asyncio.create_task(self._stall(self._own, seconds))

    async def hurry(self) -> None:
        """It serves at once again."""
        await self._settle()
        await self._tell("redis.quick", "CLIENT", "UNPAUSE")

    def close(self) -> None:
        """Stall no more."""
        if self._stalling:
            self._stalling.cancel()

    async def _settle(self) -> None:
        """The same, once the last pause is over: one that is under way would come after all."""
        self._stalls = False
        if self._stalling:
            await self._stalling
        self._stalls = True

    async def _stall(self, redis: Redis, seconds: float) -> None:
        while self._stalls:  # who waits is served before the next pause, which waits as well
            with contextlib.suppress(LabError):
                await redis.tell("CLIENT", "PAUSE", round(seconds * 1000))
            await asyncio.sleep(PAUSE)

    async def _tell(self, event: str, *words: str | int, **data: object) -> None:
        began = self._now()
        await self._own.tell(*words)
        self._emit(event, **data, began=began)

    @property
    def _own(self) -> Redis:
        return the_lab_s_own(self._runtime.redis)
