"""What can be broken on purpose, by name, each with what mends it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lab.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` breaks the cluster, `heal` mends it. Node faults are given the node's name."""

    summary: str
    inject: Callable[[Cluster, str], Awaitable[None]]
    heal: Callable[[Cluster, str], Awaitable[None]]


async def _stop_redis(cluster: Cluster, _: str) -> None:
    await cluster.stop_redis()


async def _start_redis(cluster: Cluster, _: str) -> None:
    await cluster.start_redis()


async def _nothing(_: Cluster, __: str) -> None:
    pass


FAULTS: dict[str, Fault] = {
    "nothing": Fault("nothing happens: the run to compare with", _nothing, _nothing),
    "kill-node": Fault("SIGKILL a node; its memory is gone", Cluster.kill, Cluster.start),
    "stop-node": Fault("SIGTERM a node; it drains, then leaves", Cluster.stop, Cluster.start),
    "stop-redis": Fault("SIGKILL the shared Redis; it comes back empty", _stop_redis, _start_redis),
}
