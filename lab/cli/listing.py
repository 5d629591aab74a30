"""`sessionlab list`: what there is to choose from."""

from __future__ import annotations

import typer

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.description.cluster import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.scenario.faults import FAULTS
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.scenario import Scenario


def command() -> None:
    """Show scenarios, and what there is to build clusters of and to do to them."""
    shown: dict[str, dict[str, str]] = {
        "scenarios": {name: _title(story) for name, story in installed().items()},
        "strategies": STRATEGIES,
        "algorithms": ALGORITHMS,
        "affinities": AFFINITIES,
        "balancers": {name: make.__doc__ or "" for name, make in BALANCERS.items()},
        "fabrics": {name: make.__doc__ or "" for name, make in FABRICS.items()},
        "deploys": {name: how.__doc__ or "" for name, how in DEPLOYS.items()},
        "faults": {name: fault.summary for name, fault in FAULTS.items()},
    }
    for heading, entries in shown.items():
        typer.echo(heading)
        for name, text in entries.items():
            typer.echo(f"  {name:<22} {text.splitlines()[0]}")


def _title(story: Scenario) -> str:
    return f"{story.title} (slower: by name, or with --all)" if story.slow else story.title
