"""Faults of a part as a whole: it ends, stands still, wants to leave, or can't do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.faults.interface import Fault, Parameter, Parameters, Step, over

if TYPE_CHECKING:
    from sessionlab.lab.description.cluster import Description

DOCKER = "docker"


async def nothing(_: Cluster, __: str) -> None:
    """All is well."""


async def _restart(cluster: Cluster, node: str) -> None:
    await cluster.stop(node)
    await cluster.start(node)


async def _deploy(cluster: Cluster, _: str, how: str, version: str) -> None:
    await cluster.deploy(how, version)


async def _add(cluster: Cluster, _: str) -> str:
    return (await cluster.add_node()).name


async def _replace(cluster: Cluster, _: str, drain: float) -> None:  # noqa: ARG001
    await cluster.add_node()


def _only_ours(description: Description, _: str, __: Parameters) -> str:
    return (
        "only our demo app can be told to ask for its drain: remove-node with `drain`"
        if description.app
        else ""
    )


def _of_containers(_: Description, fabric: str, __: Parameters) -> str:
    return "" if fabric == DOCKER else f"the fabric {fabric} can't: --fabric docker"


def frozen(says: str, part: str = "") -> Fault:
    return Fault(
        says,
        lambda cluster, node: cluster.faults.pause(part or node),
        lambda cluster, node: cluster.faults.resume(part or node),
        to=part or "node",
    )


def _of(part: str, says: str, inject: Step, heal: Step = over, **takes: Parameter) -> Fault:
    """One of what a cluster has once."""

    def only(step: Step) -> Step:
        return lambda cluster, _, **given: step(cluster, **given)

    return Fault(says, only(inject), over if heal is over else only(heal), takes, part)


def _limits(says: str, *, cpus: float | None = None, memory: int | None = None) -> Fault:
    return Fault(
        says,
        lambda cluster, node: cluster.faults.limit(node, cpus=cpus, memory=memory),
        lambda cluster, node: cluster.faults.limit(node),
        why_not=_of_containers,
    )


def _bad_link(says: str, *, delay: float = 0.0, rate: int = 0, loss: float = 0.0) -> Fault:
    return Fault(
        says,
        lambda cluster, node: cluster.faults.link(node, delay=delay, rate=rate, loss=loss),
        lambda cluster, node: cluster.faults.link(node),
        why_not=_of_containers,
    )


OF_NODES = {
    "nothing": Fault("nothing happens: the run to compare with", nothing, nothing, to=""),
    "kill-node": Fault("SIGKILL a node; its memory is gone", Cluster.kill, Cluster.start),
    "stop-node": Fault("SIGTERM a node; it drains, then leaves", Cluster.stop, Cluster.start),
    "restart-node": Fault("SIGTERM a node, then start it: same name, empty memory", _restart),
    "freeze-node": frozen("a node stands still, and keeps its connections"),
    "pause-node": frozen("the same as freeze-node"),
    "drain-node": Fault(
        "a node asks to be drained, and serves its clients on",
        lambda cluster, node: cluster.faults.leave(node),
        lambda cluster, node: cluster.faults.stay(node),
        why_not=_only_ours,
    ),
    "remove-node": Fault(
        "a node is drained, then leaves for good; another one comes at the end",
        lambda cluster, node, drain: cluster.remove_node(node, limit=drain),
        _replace,
        {"drain": Parameter(0.0, "s")},
    ),
    "add-node": Fault("a node more, which leaves at the end", _add, Cluster.remove_node, to=""),
    "deploy": Fault(
        "a new version comes",
        _deploy,
        takes={"how": Parameter("rolling"), "version": Parameter("2")},
        to="",
    ),
    "little-cpu": _limits("a node has a tenth of a processor (docker)", cpus=0.1),
    "little-memory": _limits("a node has 96 MB of memory (docker)", memory=96_000_000),
    "slow-link": _bad_link("all that a node sends is 100 ms late (docker)", delay=0.1),
    "narrow-link": _bad_link("a node sends 64 kbit a second at most (docker)", rate=64_000),
    "lossy-link": _bad_link("one in five packets to a node gets lost (docker)", loss=0.2),
}
OF_THE_BALANCER = {
    "kill-balancer": _of(
        BALANCER,
        "SIGKILL the balancer; what it has learned is gone",
        Cluster.kill_balancer,
        Cluster.start_balancer,
    ),
    "restart-balancer": _of(
        BALANCER,
        "SIGTERM the balancer, then start it; what it has learned is gone",
        Cluster.restart_balancer,
    ),
    "freeze-balancer": frozen("the balancer stands still, and keeps its connections", BALANCER),
}
OF_REDIS = {
    "stop-redis": _of(
        REDIS,
        "SIGKILL the shared Redis; it comes back empty, unless it keeps its data",
        Cluster.stop_redis,
        Cluster.start_redis,
    ),
    "freeze-redis": frozen("Redis stands still, and keeps its connections", REDIS),
    "slow-redis": _of(
        REDIS,
        "CLIENT PAUSE without end: each command waits up to `delay`",
        lambda cluster, delay: cluster.redis.stall(delay),
        lambda cluster, delay: cluster.redis.hurry(),  # noqa: ARG005
        delay=Parameter(0.05, "s"),
    ),
    "flush-redis": _of(
        REDIS, "FLUSHALL: all sessions are gone", lambda cluster: cluster.redis.flush()
    ),
    "full-redis": _of(
        REDIS,
        "Redis has no memory left (maxmemory 1): it answers writes with -OOM",
        lambda cluster: cluster.redis.fill(),
        lambda cluster: cluster.redis.make_room(),
    ),
    "readonly-redis": _of(
        REDIS,
        "Redis has become a replica (REPLICAOF): it answers writes with -READONLY",
        lambda cluster: cluster.redis.demote(),
        lambda cluster: cluster.redis.promote(),
    ),
}
