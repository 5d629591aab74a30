"""What a cluster of the page can be built of, and why something cannot be chosen here."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from sessionlab.lab.balancers import haproxy_config, nginx_config
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.state import Choice, Choices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.description.variants import Variants
    from sessionlab.lab.page.model.doing import NewCluster

MOST_NODES = 50
KNOWN = {
    "haproxy": (haproxy_config.ALGORITHMS, haproxy_config.AFFINITIES),
    "nginx": (nginx_config.ALGORITHMS, nginx_config.AFFINITIES),
}
"""What a balancer of somebody else's can do."""
_NAME = "[!-~]{1,64}"  # the balancer may take less of it, and says so
_ARGUMENTS = {":NAME": _NAME, "[:KEY]": f"source|path|(header|cookie|query):{_NAME}"}
"""What may stand in the place of an argument, by how a form names it."""
_OF_A_RECIPE = "the app is a recipe's, which knows its users its own way"


def choices(description: Description) -> Choices:
    """For a cluster that takes the place of this one."""
    return _choices_of(description.balancer or "", is_of_a_recipe=description.app is not None)


@cache  # to look through all installed packages costs more than all else of a state
def _choices_of(balancer: str, *, is_of_a_recipe: bool) -> Choices:
    algorithms, affinities = KNOWN.get(balancer, (None, None))
    whose = f"{balancer} has no such thing"
    return Choices(
        strategies=[
            Choice(name, said, _OF_A_RECIPE if is_of_a_recipe else _unusable(said))
            for name, said in STRATEGIES.summaries().items()
        ],
        algorithms=_choices(ALGORITHMS, algorithms, whose),
        affinities=_choices(AFFINITIES, affinities, whose),
        most_nodes=MOST_NODES,
    )


def described(
    wanted: NewCluster, before: Description, port: int, first: Description
) -> Description:
    """What is wanted, as a description; what is left out stays. Raises WrongField.

    What is for one strategy only (how a JWT travels) is as in the `first` description.
    """
    service = before.services[0]
    if wanted.nodes is not None:
        if not 1 <= wanted.nodes <= MOST_NODES:
            raise WrongField("nodes", f"a cluster here has 1 to {MOST_NODES} nodes")
        service = replace(service, nodes=wanted.nodes)
    if wanted.strategy is not None and wanted.strategy != service.strategy:
        if service.app:
            raise WrongField("strategy", _OF_A_RECIPE, "start another variant: up --variant NAME")
        _check("strategy", wanted.strategy, STRATEGIES)
        service = replace(service, strategy=wanted.strategy, options=_options(wanted, first))
    algorithm = before.algorithm if wanted.algorithm is None else wanted.algorithm
    affinity = before.affinity if wanted.affinity is None else wanted.affinity
    _check("algorithm", algorithm, ALGORITHMS)
    _check("affinity", affinity, AFFINITIES)
    return replace(before, services=(service,), algorithm=algorithm, affinity=affinity, port=port)


def _options(wanted: NewCluster, first: Description) -> Mapping[str, str]:
    kept = dict(first.services[0].options)
    return kept if wanted.strategy == "jwt" else {k: v for k, v in kept.items() if "jwt" not in k}


def _choices(table: Variants[object], known: Collection[str] | None, whose: str) -> list[Choice]:
    return [
        Choice(name, said, _unusable(said) or ("" if _is_among(name, known) else whose))
        for name, said in table.summaries().items()
    ]


def _unusable(said: str) -> str:
    """What a package's variant says of itself that cannot be loaded."""
    return said if said.startswith("unusable") else ""


def _is_among(name: str, known: Collection[str] | None) -> bool:
    return known is None or re.split(r"\[?:", name)[0] in known


def _check(field: str, value: str, table: Variants[object]) -> None:
    """A name of the table, with an argument where its form has one.

    What else a package's own may be told, only that package knows.
    """
    kind, colon, argument = value.partition(":")
    forms = {re.split(r"\[?:", form)[0]: form for form in table}
    if kind not in forms:
        raise WrongField(
            field, f"there is no {field} {value[:64]!r}", f"one of: {', '.join(table)}"
        )
    form = forms[kind]
    if re.search("[^[]:", form) and not argument:
        raise WrongField(field, f"{value[:64]!r} says too little", f"as in {form}")
    allowed = _ARGUMENTS.get(form.removeprefix(kind), "" if table.is_ours(form) else "[ -~]+")
    if colon and not re.fullmatch(allowed, argument):
        raise WrongField(field, f"{value[:64]!r} is no {field} here", f"it is {form}")
