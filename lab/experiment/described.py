"""The cluster that an experiment describes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.description.cluster import SERVICE, Description, Service
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.recipes.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sessionlab.lab.experiment.model import Cluster, Options

FAMILIES: Mapping[str, Mapping[str, object]] = {
    "strategy": STRATEGIES,
    "affinity": AFFINITIES,
    "algorithm": ALGORITHMS,
    "balancer": BALANCERS,
    "fabric": FABRICS,
}


def faults(cluster: Cluster) -> Iterator[Fault]:
    """What cannot be meant: names that are not known, and what excludes each other."""
    if cluster.app and (cluster.strategy or cluster.options):
        says = "is our demo app's, and `app` names another"
        yield Fault(("cluster", "strategy" if cluster.strategy else "options"), says, "`variant`")
    if cluster.variant and not cluster.app:
        yield Fault(("cluster", "variant"), "is of a recipe", 'name that: app = "shop"')
    for key, family in FAMILIES.items():
        given = getattr(cluster, key)
        if given and (why := unknown(given, family)):
            yield Fault(("cluster", key), f"{given!r} is not known", why)


def unknown(name: str, known: Iterable[str]) -> str:
    """What was meant by a name that is not among those; empty when it is. `learn:NAME` is one."""
    kind, _, argument = name.partition(":")
    forms = {re.split(r"\[?:", form)[0]: form for form in known}
    if kind not in forms:
        near = nearest(kind, forms)
        return f"did you mean {forms[near]}?" if near else f"there are: {', '.join(forms.values())}"
    return "" if argument or not re.search("[^[]:", forms[kind]) else f"it is {forms[kind]}"


def described(cluster: Cluster, folder: Path, links: frozenset[str]) -> Description:
    """What to start; `folder` is what its recipe is relative to. Raises UsageError.

    `links` are the paths that a fault is to be in.
    """
    return Description(
        (_service(cluster, folder),),
        cluster.balancer,
        affinity=cluster.affinity,
        algorithm=cluster.algorithm,
        redis=cluster.redis,
        redis_keeps=cluster.redis_keeps,
        one_key=cluster.one_key,
        jwt_algorithm=cluster.jwt_algorithm,
        tls=cluster.tls,
        trust_balancer=cluster.trust_balancer,
        balancer_options=_texts(cluster.balancer_options),
        links=links,
    )


def _service(cluster: Cluster, folder: Path) -> Service:
    if not cluster.app:
        strategy = cluster.strategy or SERVICE.strategy
        return Service(nodes=cluster.nodes, strategy=strategy, options=_texts(cluster.options))
    chosen = Chosen.read(folder / cluster.app, cluster.variant or None)
    chosen.want_no_script()
    if cluster.fabric == "docker":
        chosen.want_image()
    return Service.of(chosen, cluster.nodes)


def _texts(options: Options) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in options.items()
    }
