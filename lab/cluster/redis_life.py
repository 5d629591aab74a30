"""What a story does to the Redis of its cluster: end it, and start it again."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.cluster.redis import the_lab_s_own

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.runtime import ClusterRuntime


class RedisLife:
    """Every change is an event, as in `BalancerLife`.

    Raises StepError for a cluster without a Redis, and Skip for one that is not the lab's.
    """

    def __init__(
        self, runtime: ClusterRuntime, emit: Callable[..., None], now: Callable[[], float]
    ) -> None:
        self._runtime = runtime
        self._emit = emit
        self._now = now

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
