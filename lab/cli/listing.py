"""`sessionlab list`: what there is to choose from, and which command takes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from textwrap import wrap
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

MOST, LEAST, NAME = 80, 40, 22  # columns
FAMILIES: dict[str, tuple[str, Variants[Any]]] = {
    "strategies": ("up --strategy NAME; in a scenario lab.cluster(NAME)", STRATEGIES),
    "algorithms": ("up --algorithm NAME; in a scenario lab.cluster(algorithm=NAME)", ALGORITHMS),
    "affinities": ("up --affinity NAME; in a scenario lab.cluster(affinity=NAME)", AFFINITIES),
    "balancers": ("run --balancer NAME, up --balancer NAME", BALANCERS),
    "fabrics": ("run --fabric NAME, up --fabric NAME", FABRICS),
    "deploys": ("in a scenario cluster.deploy(NAME)", DEPLOYS),
    "faults": ("in a scenario lab.fault(NAME, cluster)", FAULTS),
    "reports": ("run --report NAME=FILE", REPORTS),
}


def command() -> None:
    """Show scenarios, and what there is to build clusters of and to do to them."""
    found, unusable = offered()
    scenarios = [(name, _title(story)) for name, story in found.items()]
    scenarios += [(point, f"unusable: {error}") for point, error in unusable]
    width = min(MOST, max(LEAST, shutil.get_terminal_size().columns))
    shown = {"scenarios": ("run NAME, run FILE.py", scenarios)}
    for name, (takes, family) in FAMILIES.items():
        shown[name] = (takes, list(family.summaries().items()))
    for heading, (takes, entries) in shown.items():
        for line in _section(f"{heading} ({takes})", entries, width):
            typer.echo(line)


def _section(heading: str, entries: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    yield from _wrapped(heading, width, "", "  ")
    for name, text in entries:
        said = " ".join(text.split())
        if width < MOST:
            yield f"  {name}"
            yield from _wrapped(said, width, "    ", "    ")
        else:
            head = f"  {name:<{NAME}} "
            yield from _wrapped(said, width, head, " " * len(head))


def _wrapped(text: str, width: int, first: str, more: str) -> list[str]:
    lines = wrap(text, width, initial_indent=first, subsequent_indent=more, break_on_hyphens=False)
    return lines or [first.rstrip()]


def _title(story: Scenario) -> str:
    return f"{story.title} (slower: by name, or with --all)" if story.slow else story.title
