"""The options that `watch` and `probe` share, and what they make of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs

from sessionlab.lab.cli.choice import refused
from sessionlab.lab.recipes.environment import check_environment
from sessionlab.lab.recipes.model import Recipe
from sessionlab.lab.recipes.reading import read

RecipePath = Annotated[
    Path,
    typer.Option(
        "--recipe", metavar="FILE", help="How a user talks to it; nothing in its [app] is run."
    ),
]
Variant = Annotated[
    str | None, typer.Option(metavar="NAME", help="The recipe in one of its variants.")
]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where the system runs.")]
Ca = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Believe this authority (PEM) instead of those of the system."
    ),
]
AllowScript = Annotated[
    bool, typer.Option("--allow-script", help="Let the recipe's steps run Python of its own.")
]
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def talk(path: Path, variant: str | None) -> Recipe:
    """How a user talks to the system; raises UsageError, also for a variable that is not set."""
    recipe = structs.replace(read(path).variant(variant), app=None)
    check_environment(recipe)
    return recipe


def seconds(text: str) -> float:
    """`90`, `90s`, `5m`, `1h`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None or not float(found[1]):
        raise refused(f"{text!r} is no time: write 30s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2]]
