"""Faults of a part as a whole: it ends, stands still, wants to leave, or can't do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.balancers.interface import PART as BALANCER
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.redis import PART as REDIS
from sessionlab.lab.faults.interface import Fault, Parameter, Parameters, Step, over

if TYPE_CHECKING:
    from sessionlab.lab.description.cluster import Description


async def nothing(_: Cluster, __: str) -> None:
    """All is well."""


async def _restart(cluster: Cluster, node: str) -> None:
    await cluster.stop(node)
    await cluster.start(node)


async def _deploy(cluster: Cluster, _: str, how: str, version: str) -> None:
    await cluster.deploy(how, version)


async def _add(cluster: Cluster, *_: str, **__: float) -> str:
    return (await cluster.add_node()).name


def _only_ours(description: Description, _: str, __: Parameters) -> str:
    return "only our demo app asks for its drain: see remove-node" if description.app else ""


def _of_containers(_: Description, fabric: str, __: Parameters) -> str:
    return "" if fabric == "docker" else f"the fabric {fabric} can't: --fabric docker"


def _frozen(says: str, part: str = "") -> Fault:
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


def _limits(says: str, **how: float) -> Fault:
    return Fault(
        says,
        lambda cluster, node: cluster.faults.limit(node, **how),
        lambda cluster, node: cluster.faults.limit(node),
        why_not=_of_containers,
    )


def _bad_link(says: str, **how: float) -> Fault:
    return Fault(
        says,
        lambda cluster, node: cluster.faults.link(node, **how),
        lambda cluster, node: cluster.faults.link(node),
        why_not=_of_containers,
    )


DRAIN = {"drain": Parameter(0.0, "s")}
DEPLOY = {"how": Parameter("rolling"), "version": Parameter("2")}
DELAY = Parameter(0.05, "s")
OF_NODES = {
    "nothing": Fault("nothing happens: the run to compare with", nothing, nothing, to=""),
    "kill-node": Fault("SIGKILL a node; its memory is gone", Cluster.kill, Cluster.start),
    "stop-node": Fault("SIGTERM a node; it drains, then leaves", Cluster.stop, Cluster.start),
    "restart-node": Fault("SIGTERM a node, then start it: an empty memory", _restart),
    "freeze-node": _frozen("a node stands still, and keeps its connections"),
    "pause-node": _frozen("the same as freeze-node"),
    "drain-node": Fault(
        "a node asks to be drained, and serves its clients on",
        lambda cluster, node: cluster.faults.leave(node),
        lambda cluster, node: cluster.faults.stay(node),
        why_not=_only_ours,
    ),
    "remove-node": Fault(
        "a node is drained, then leaves for good; another one comes at the end",
        lambda cluster, node, drain: cluster.remove_node(node, limit=drain),
        *(_add, DRAIN),
    ),
    "add-node": Fault("a node more, which leaves at the end", _add, Cluster.remove_node, to=""),
    "deploy": Fault("a new version comes", _deploy, takes=DEPLOY, to=""),
    "little-cpu": _limits("a node has a tenth of a processor (docker)", cpus=0.1),
    "little-memory": _limits("a node has 96 MB of memory (docker)", memory=96_000_000),
    "slow-link": _bad_link("all that a node sends is 100 ms late (docker)", delay=0.1),
    "narrow-link": _bad_link("a node sends 64 kbit a second at most (docker)", rate=64_000),
    "lossy-link": _bad_link("one in five packets to a node gets lost (docker)", loss=0.2),
}
OF_THE_BALANCER = {
    "kill-balancer": _of(
        *(BALANCER, "SIGKILL the balancer; what it has learned is gone"),
        *(Cluster.kill_balancer, Cluster.start_balancer),
    ),
    "restart-balancer": _of(
        BALANCER, "SIGTERM the balancer, then start it: it forgets", Cluster.restart_balancer
    ),
    "freeze-balancer": _of(
        *(BALANCER, "the balancer stands still, and keeps its connections"),
        *(Cluster.freeze_balancer, Cluster.thaw_balancer),
    ),
}
OF_REDIS = {
    "stop-redis": _of(
        *(REDIS, "SIGKILL the shared Redis; it comes back empty, unless it keeps its data"),
        *(Cluster.stop_redis, Cluster.start_redis),
    ),
    "freeze-redis": _frozen("Redis stands still, and keeps its connections", REDIS),
    "slow-redis": _of(
        *(REDIS, "CLIENT PAUSE without end: each command waits up to `delay`"),
        lambda cluster, delay: cluster.redis.stall(delay),
        lambda cluster, **_: cluster.redis.hurry(),
        delay=DELAY,
    ),
    "flush-redis": _of(REDIS, "FLUSHALL: all sessions are gone", lambda all_: all_.redis.flush()),
    "full-redis": _of(
        *(REDIS, "Redis has no memory left (maxmemory 1): it answers writes with -OOM"),
        lambda cluster: cluster.redis.fill(),
        lambda cluster: cluster.redis.make_room(),
    ),
    "readonly-redis": _of(
        *(REDIS, "Redis has become a replica (REPLICAOF): it answers writes with -READONLY"),
        lambda cluster: cluster.redis.demote(),
        lambda cluster: cluster.redis.promote(),
    ),
}
