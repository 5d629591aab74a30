"""`sessionlab list`: what there is to choose from, and which command takes it."""

from __future__ import annotations

import shutil
from textwrap import TextWrapper
from typing import Any

import typer

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.ordeals import ORDEALS
from sessionlab.lab.reports import REPORTS
from sessionlab.lab.scenario.finding import offered
from sessionlab.lab.scenario.scenario import Scenario

MOST, LEAST, NAME = 80, 40, 22  # columns
FAMILIES: dict[str, tuple[str, Variants[Any]]] = {
    "strategies": ("up --strategy NAME; in a scenario lab.cluster(NAME)", STRATEGIES),
    "algorithms": ("up --algorithm NAME; in a scenario lab.cluster(algorithm=NAME)", ALGORITHMS),
    "affinities": ("up --affinity NAME; in a scenario lab.cluster(affinity=NAME)", AFFINITIES),
    "balancers": ("run --balancer NAME, up --balancer NAME", BALANCERS),
    "fabrics": ("run --fabric NAME, up --fabric NAME", FABRICS),
    "deploys": ("in a scenario cluster.deploy(NAME)", DEPLOYS),
    "ordeals": ("check RECIPE --ordeal NAME", ORDEALS),
    "faults": ("[[fault]] of an experiment; in a scenario lab.fault(NAME, cluster)", FAULTS),
    "reports": ("run --report NAME=FILE", REPORTS),
}


def command() -> None:
    """Show scenarios, and what there is to build clusters of and to do to them."""
    # Not before, for the time that NumPy takes to load.
    from sessionlab.lab.checks import CHECKS  # noqa: PLC0415
    from sessionlab.lab.prediction import MODELS  # noqa: PLC0415

    found, unusable = offered()
    scenarios = [(name, _title(story)) for name, story in found.items()]
    scenarios += [(point, f"unusable: {error}") for point, error in unusable]
    shown = {"scenarios (run NAME, run FILE.py)": scenarios}
    of_experiments: dict[str, tuple[str, Variants[Any]]] = {
        "checks": ("[checks] and [bounds] of an experiment, judge --only NAME", CHECKS),
        "predictions": ("made of every experiment", MODELS),
    }
    for name, (takes, family) in (FAMILIES | of_experiments).items():
        shown[f"{name} ({takes})"] = list(family.summaries().items())
    width = min(MOST, max(LEAST, shutil.get_terminal_size().columns))
    for heading, entries in shown.items():
        typer.echo(_wrapped(heading, width, "", 2))
        for name, text in entries:
            if width < MOST:
                typer.echo(f"  {name}")
                typer.echo(_wrapped(text, width, "    ", 4))
            else:
                typer.echo(_wrapped(text, width, f"  {name:<{NAME}} ", NAME + 3))


def _wrapped(text: str, width: int, first: str, more: int) -> str:
    wrapper = TextWrapper(width, first, " " * more, break_on_hyphens=False)
    return wrapper.fill(" ".join(text.split())) or first.rstrip()


def _title(story: Scenario) -> str:
    return f"{story.title} (slower: by name, or with --all)" if story.slow else story.title
