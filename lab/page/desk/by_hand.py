"""What would do to a stack that the lab did not start what the page cannot: commands, as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.inventory import Kind, State

if TYPE_CHECKING:
    from sessionlab.lab.bench.actions import Action
    from sessionlab.lab.cluster.cluster import Cluster

EXTERNAL = "external"
_BY_HAND = {
    "kill": "docker kill {}",
    "stop": "docker stop {}",
    "freeze": "docker pause {}",
    "thaw": "docker unpause {}",
    "start": "docker start {}",
    "remove": "docker rm -f {}",
    "restart": "docker restart {}",
}
_GROW = (
    "STRATEGY={strategy} docker compose -p {project} up -d --no-deps --no-recreate"
    " --scale {service}={nodes} {service}"
)


def by_hand(do: str, action: Action, cluster: Cluster) -> dict[str, str]:
    """The commands that do it to each part that it can be done to now, where there are any."""
    parts, containers = cluster.inventory.parts(), cluster.inventory.containers
    if do == "add":
        nodes = [part for part in parts if part.kind is Kind.NODE]
        there = sum(part.state is not State.ENDED for part in nodes)
        first = next((containers[n.name] for n in nodes if containers.get(n.name)), "")
        if not (name := project(first)):
            return {}
        service = re.split("[-_]", first)[-2]
        strategy = cluster.description.services[0].strategy
        words = {"strategy": strategy, "project": name, "service": service}
        return {"": _GROW.format(**words, nodes=there + 1)}
    return {
        part.name: _BY_HAND[do].format(containers[part.name])
        for part in parts
        if do in _BY_HAND
        and part.kind in action.to
        and _is(part.state) in action.when
        and containers.get(part.name)
    }


def _is(state: State) -> State:
    """A Redis that is not the lab's is taken for running."""
    return State.RUNNING if state is State.ELSEWHERE else state


def project(container: str) -> str:
    """Of Compose, in either spelling: `lab-node-1`, `lab_node_1`."""
    return re.sub(r"[-_][a-z0-9]+[-_]\d+$", "", container) if container else ""
