"""`sessionlab list`: what there is to choose from."""

from __future__ import annotations

from typing import Any

import typer

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.reports import REPORTS
from sessionlab.lab.scenario.faults import FAULTS
from sessionlab.lab.scenario.finding import offered
from sessionlab.lab.scenario.scenario import Scenario


def command() -> None:
    """Show scenarios, and what there is to build clusters of and to do to them."""
    found, unusable = offered()
    scenarios = [(name, _title(story)) for name, story in found.items()]
    scenarios += [(point, f"unusable: {error}") for point, error in unusable]
    families: dict[str, Variants[Any]] = {
        "strategies": STRATEGIES,
        "algorithms": ALGORITHMS,
        "affinities": AFFINITIES,
        "balancers": BALANCERS,
        "fabrics": FABRICS,
        "deploys": DEPLOYS,
        "faults": FAULTS,
        "reports": REPORTS,
    }
    shown = {name: list(family.summaries().items()) for name, family in families.items()}
    for heading, entries in {"scenarios": scenarios, **shown}.items():
        typer.echo(heading)
        for name, text in entries:
            typer.echo(f"  {name:<22} {' '.join(text.split())}")


def _title(story: Scenario) -> str:
    return f"{story.title} (slower: by name, or with --all)" if story.slow else story.title
