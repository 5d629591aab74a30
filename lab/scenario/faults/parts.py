"""Faults of a part as a whole: it ends, stands still, or wants to leave."""

from __future__ import annotations

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.scenario.faults.interface import Fault


async def _nothing(_: Cluster, __: str) -> None:
    pass


async def _leave(cluster: Cluster, node: str) -> None:
    await cluster.faults.leave(node)


async def _stay(cluster: Cluster, node: str) -> None:
    await cluster.faults.stay(node)


async def _pause(cluster: Cluster, node: str) -> None:
    await cluster.faults.pause(node)


async def _resume(cluster: Cluster, node: str) -> None:
    await cluster.faults.resume(node)


async def _stop_redis(cluster: Cluster, _: str) -> None:
    await cluster.stop_redis()


async def _start_redis(cluster: Cluster, _: str) -> None:
    await cluster.start_redis()


async def _kill_balancer(cluster: Cluster, _: str) -> None:
    await cluster.kill_balancer()


async def _start_balancer(cluster: Cluster, _: str) -> None:
    await cluster.start_balancer()


async def _freeze_balancer(cluster: Cluster, _: str) -> None:
    await cluster.freeze_balancer()


async def _thaw_balancer(cluster: Cluster, _: str) -> None:
    await cluster.thaw_balancer()


NOTHING = Fault("nothing happens: the run to compare with", _nothing, _nothing)
KILL_NODE = Fault("SIGKILL a node; its memory is gone", Cluster.kill, Cluster.start)
STOP_NODE = Fault("SIGTERM a node; it drains, then leaves", Cluster.stop, Cluster.start)
DRAIN_NODE = Fault("a node asks to be drained, and serves its clients on", _leave, _stay)
PAUSE_NODE = Fault("a node stands still, and keeps its connections", _pause, _resume)
STOP_REDIS = Fault("SIGKILL the shared Redis; it comes back empty", _stop_redis, _start_redis)
KILL_BALANCER = Fault(
    "SIGKILL the balancer; what it has learned is gone", _kill_balancer, _start_balancer
)
FREEZE_BALANCER = Fault(
    "the balancer stands still, and keeps its connections", _freeze_balancer, _thaw_balancer
)
