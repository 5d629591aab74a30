"""Faults of what lies between two parts: the lab's own link, or on docker the real network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.lab.description.cluster import LINKS
from sessionlab.lab.errors import UsageError
from sessionlab.lab.faults.interface import Fault, Parameter, Parameters, Step, Value
from sessionlab.lab.link.rules import KINDS, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.description.cluster import Description

CLIENTS_BALANCER, BALANCER_NODES, NODES_REDIS = LINKS
DOCKER, LOCAL = "docker", "local"
UNITS = {
    "delay": "s",
    "jitter": "s",
    "rate": "bit/s",
    "count": "(all)",
    "one_in": "(each connection)",
}
SHAPED = {"latency": ("delay", "jitter"), "bandwidth": ("rate",)}
"""What the network of containers can be like, by the parameters that it knows."""


def _ends(cluster: Cluster, between: str, part: str) -> Iterator[tuple[str, str]]:
    """The parts at both ends of each link that it is about."""
    if between == CLIENTS_BALANCER:
        yield ("clients", "balancer")
        return
    for node in [part] if part else [*cluster.nodes]:
        if node in cluster.nodes:
            yield ("balancer", node) if between == BALANCER_NODES else (node, "redis")


def _steps(kind: str) -> tuple[Step, Step]:
    async def inject(cluster: Cluster, part: str, between: str, **given: Any) -> None:
        for one, other in _ends(cluster, between, part):
            if kind == "partition":
                await cluster.faults.partition(one, other)
            elif kind in SHAPED and cluster.faults.confined:
                shape = {name: given[name] for name in SHAPED[kind]}
                await cluster.faults.link(other, **shape)
            else:
                await cluster.faults.impair(one, other, kind, **given)

    async def heal(cluster: Cluster, part: str, between: str, **_: Value) -> int | None:
        struck = None
        for one, other in _ends(cluster, between, part):
            if kind == "partition":
                await cluster.faults.join(one, other)
            elif kind in SHAPED and cluster.faults.confined:
                await cluster.faults.link(other)
            else:
                struck = (struck or 0) + await cluster.faults.repair(one, other, kind)
        return struck

    return inject, heal


def _why_not(kind: str, description: Description, fabric: str, given: Parameters) -> str:
    between = given["between"]
    if between not in LINKS:
        return f"`between` is {between!r}, and there are {', '.join(LINKS)}"
    if not (description.needs_redis if between == NODES_REDIS else description.balancer):
        return f"there is nothing like {between} in this cluster"
    if kind == "drop-cookie" and (between == NODES_REDIS or _in_tls(description, between)):
        return f"no cookie can be read on {between}"
    if kind in ("readonly", "full") and between != NODES_REDIS:
        return "only Redis answers so: between = 'nodes-redis'"
    return _wrong(kind, given) or ("" if fabric == LOCAL else _why_not_there(kind, fabric, given))


def _wrong(kind: str, given: Parameters) -> str:
    try:
        Rule(kind, {name: value for name, value in given.items() if name != "between"})
    except UsageError as error:
        return f"{error}: {error.hint}"
    return ""


def _in_tls(description: Description, between: Value) -> bool:
    return description.tls and between == CLIENTS_BALANCER


def _why_not_there(kind: str, fabric: str, given: Parameters) -> str:
    """Where no link of the lab's own stands."""
    if fabric != DOCKER or kind not in (*SHAPED, "partition"):
        return f"the fabric {fabric} can't: --fabric local"
    if given["between"] == CLIENTS_BALANCER:
        return "clients are on no network of containers: --fabric local"
    usual = {"between": BALANCER_NODES, **KINDS[kind]}
    own = SHAPED.get(kind, ("between",))
    if asked := [name for name in given if name not in own and given[name] != usual[name]]:
        return f"on docker it is about all that a node sends, without {', '.join(asked)}"
    return ""


def _fault(says: str, kind: str, between: str = BALANCER_NODES, **otherwise: Value) -> Fault:
    settings = {**KINDS[kind], **otherwise}
    takes = {name: Parameter(value, UNITS.get(name, "")) for name, value in settings.items()}
    inject, heal = _steps(kind)
    return Fault(
        says,
        inject,
        heal,
        {"between": Parameter(between), **takes},
        "link",
        lambda description, fabric, given: _why_not(kind, description, fabric, given),
    )


OF_LINKS = {
    "latency": _fault("what goes `towards` one end comes late", "latency"),
    "jitter": _fault("it comes late by more or less", "latency", delay=0.05, jitter=0.05),
    "bandwidth": _fault("no more gets through in a second", "bandwidth"),
    "reset": _fault("connections end by RST, at their next request or `now`", "reset"),
    "half-open": _fault("connections are taken, and nothing gets through", "half-open"),
    "partition": _fault("nothing gets through, and nobody gets a connection", "partition"),
    "drop-cookie": _fault("answers lose their Set-Cookie on the way", "drop-cookie"),
    "answer-readonly": _fault("writes are answered -READONLY", "readonly", NODES_REDIS),
    "answer-full": _fault("writes are answered -OOM", "full", NODES_REDIS),
    "partition-redis": _fault("the same between nodes and Redis", "partition", NODES_REDIS),
    "partition-balancer": _fault("the same between the balancer and nodes", "partition"),
}
