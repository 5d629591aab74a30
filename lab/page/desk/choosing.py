"""What a cluster of the page can be built of, and why something cannot be chosen here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.state import Choice, Choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.page.model.doing import NewCluster

MOST_NODES = 50
_OF_A_RECIPE = "the app is a recipe's, which knows its users its own way"


def choices(description: Description) -> Choices:
    """For a cluster that takes the place of this one."""
    return Choices(
        strategies=_choices(STRATEGIES.summaries(), _OF_A_RECIPE if description.app else ""),
        algorithms=_choices(ALGORITHMS.summaries()),
        affinities=_choices(AFFINITIES.summaries()),
        most_nodes=MOST_NODES,
    )


def described(wanted: NewCluster, before: Description, port: int) -> Description:
    """What is wanted, as a description; what is left out stays. Raises WrongField."""
    service = before.services[0]
    if wanted.nodes is not None:
        if not 1 <= wanted.nodes <= MOST_NODES:
            raise WrongField("nodes", f"a cluster here has 1 to {MOST_NODES} nodes")
        service = replace(service, nodes=wanted.nodes)
    if wanted.strategy is not None and wanted.strategy != service.strategy:
        if service.app:
            raise WrongField("strategy", _OF_A_RECIPE, "start another variant: up --variant NAME")
        _check("strategy", wanted.strategy, STRATEGIES.summaries())
        service = replace(service, strategy=wanted.strategy, options=_options(wanted, before))
    algorithm = before.algorithm if wanted.algorithm is None else wanted.algorithm
    affinity = before.affinity if wanted.affinity is None else wanted.affinity
    _check("algorithm", algorithm, ALGORITHMS.summaries())
    _check("affinity", affinity, AFFINITIES.summaries())
    return replace(before, services=(service,), algorithm=algorithm, affinity=affinity, port=port)


def _options(wanted: NewCluster, before: Description) -> Mapping[str, str]:
    """How a JWT travels is for one only."""
    kept = dict(before.services[0].options)
    return kept if wanted.strategy == "jwt" else {k: v for k, v in kept.items() if "jwt" not in k}


def _choices(summaries: Mapping[str, str], why_not: str = "") -> list[Choice]:
    return [
        Choice(name, summary, why_not or (summary if summary.startswith("unusable") else ""))
        for name, summary in summaries.items()
    ]


def _check(field: str, value: str, table: Mapping[str, str]) -> None:
    """As the command line does: a name of the table, with an argument where its form has one."""
    kind, _, argument = value.partition(":")
    forms = {re.split(r"\[?:", form)[0]: form for form in table}
    if kind not in forms:
        raise WrongField(
            field, f"there is no {field} {value[:64]!r}", f"one of: {', '.join(table)}"
        )
    if re.search("[^[]:", forms[kind]) and not argument:
        raise WrongField(field, f"{value!r} says too little", f"as in {forms[kind]}")
