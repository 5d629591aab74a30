"""Clusters of containers, for the tests of what they have in common with others and what not."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Event, Events
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sessionlab.lab.fabrics.docker.fabric import DockerFabric

NUMBER = itertools.count()


def cluster(
    fabric: DockerFabric,
    strategy: str = "memory",
    nodes: int = 2,
    *,
    options: Mapping[str, str] | None = None,
    listener: Callable[[Event], None] = lambda _: None,
    **wishes: object,
) -> Cluster:
    description = Description((Service("app", nodes, strategy, options or {}),), **wishes)  # type: ignore[arg-type]
    sandbox = fabric.sandbox(f"cluster-{next(NUMBER)}")
    return Cluster(description, sandbox, history=History(), events=Events(listener))
