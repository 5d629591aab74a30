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


async def _kill_balancer(cluster: Cluster, _: str) -> None:
    await cluster.kill_balancer()


async def _start_balancer(cluster: Cluster, _: str) -> None:
    await cluster.start_balancer()


async def _freeze_balancer(cluster: Cluster, _: str) -> None:
    await cluster.freeze_balancer()


async def _thaw_balancer(cluster: Cluster, _: str) -> None:
    await cluster.thaw_balancer()


async def _nothing(_: Cluster, __: str) -> None:
    pass


async def _leave(cluster: Cluster, node: str) -> None:
    await cluster.trouble.leave(node)


async def _stay(cluster: Cluster, node: str) -> None:
    await cluster.trouble.stay(node)


async def _pause(cluster: Cluster, node: str) -> None:
    await cluster.trouble.pause(node)


async def _resume(cluster: Cluster, node: str) -> None:
    await cluster.trouble.resume(node)


def _partition(peer: str, summary: str) -> Fault:
    async def cut(cluster: Cluster, node: str) -> None:
        await cluster.trouble.cut(node, peer)

    async def join(cluster: Cluster, node: str) -> None:
        await cluster.trouble.join(node, peer)

    return Fault(summary, cut, join)


def _bad_link(summary: str, *, delay: float = 0.0, rate: int = 0, loss: float = 0.0) -> Fault:
    async def worsen(cluster: Cluster, node: str) -> None:
        await cluster.trouble.link(node, delay=delay, rate=rate, loss=loss)

    async def mend(cluster: Cluster, node: str) -> None:
        await cluster.trouble.link(node)

    return Fault(summary, worsen, mend)


def _limits(summary: str, *, cpus: float | None = None, memory: int | None = None) -> Fault:
    async def limit(cluster: Cluster, node: str) -> None:
        await cluster.trouble.limit(node, cpus=cpus, memory=memory)

    async def lift(cluster: Cluster, node: str) -> None:
        await cluster.trouble.limit(node)

    return Fault(summary, limit, lift)


FAULTS: dict[str, Fault] = {
    "nothing": Fault("nothing happens: the run to compare with", _nothing, _nothing),
    "kill-node": Fault("SIGKILL a node; its memory is gone", Cluster.kill, Cluster.start),
    "stop-node": Fault("SIGTERM a node; it drains, then leaves", Cluster.stop, Cluster.start),
    "drain-node": Fault("a node asks to be drained, and serves its clients on", _leave, _stay),
    "stop-redis": Fault("SIGKILL the shared Redis; it comes back empty", _stop_redis, _start_redis),
    "pause-node": Fault("a node stands still, and keeps its connections", _pause, _resume),
    "kill-balancer": Fault(
        "SIGKILL the balancer; what it has learned is gone", _kill_balancer, _start_balancer
    ),
    "freeze-balancer": Fault(
        "the balancer stands still, and keeps its connections", _freeze_balancer, _thaw_balancer
    ),
    # The others need parts with a network and a share of the machine of their own.
    "cut-redis": _partition("redis", "a node and Redis can't reach each other (docker)"),
    "cut-balancer": _partition("balancer", "a node and the balancer likewise (docker)"),
    "slow-link": _bad_link("all that a node sends is 100 ms late (docker)", delay=0.1),
    "narrow-link": _bad_link("a node sends 64 kbit a second at most (docker)", rate=64_000),
    "lossy-link": _bad_link("one in five packets to a node gets lost (docker)", loss=0.2),
    "little-cpu": _limits("a node has a tenth of a processor (docker)", cpus=0.1),
    "little-memory": _limits("a node has 96 MB of memory (docker)", memory=96_000_000),
}
