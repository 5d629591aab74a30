"""`sessionlab list`: what there is to choose from."""

from __future__ import annotations

import typer

from lab.balancers import BALANCERS
from lab.deploys import DEPLOYS
from lab.description import AFFINITIES, ALGORITHMS, STRATEGIES
from lab.discovery import installed
from lab.fabrics import FABRICS
from lab.faults import FAULTS
from lab.scenario import Scenario


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
