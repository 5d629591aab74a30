"""What can be asked for on the command line, each option described once; times are seconds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated, Any

import typer

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.cli.choice import one_of
from sessionlab.lab.description.cluster import MOST_NODES
from sessionlab.lab.description.redis_url import checked
from sessionlab.lab.description.target import FORM
from sessionlab.lab.errors import UsageError
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.recipes.chosen import Chosen

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SCENARIO]...", help="Names or files; all but slower ones when none is named."
    ),
]
Everything = Annotated[
    bool, typer.Option("--all", help="When none is named: the slower ones as well.")
]
FabricName = Annotated[str, typer.Option(help="What the cluster runs on.", **one_of(FABRICS))]
BalancerName = Annotated[
    str, typer.Option(help="What stands in front of the nodes.", **one_of(BALANCERS))
]
Nodes = Annotated[
    int, typer.Option(min=1, max=MOST_NODES, help="App servers in each cluster, or service.")
]
Seed = Annotated[
    int | None, typer.Option(help="Repeats a run's random choices; drawn when not given.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Write report, events and histories to this folder; an earlier run there is replaced."
    ),
]
Json = Annotated[Path | None, typer.Option(help="Write the result as JSON; - for standard output.")]
Junit = Annotated[Path | None, typer.Option(help="Write the result as JUnit XML.")]
Summary = Annotated[
    Path | None, typer.Option(help="Append the result as Markdown, as to a CI job's summary.")
]
Reports = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=FILE", help="Write a report by name: see `sessionlab list`."),
]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        envvar="SESSIONLAB_REDIS_URL",
        parser=checked,
        metavar="URL",
        help="Use this Redis instead of starting one.",
    ),
]
TargetText = Annotated[
    str | None,
    typer.Option(
        envvar="SESSIONLAB_TARGET",
        metavar=FORM,
        help="Use this stack, which runs already, and start nothing; its users' password is"
        " SESSIONLAB_TARGET_PASSWORD. What it cannot show is skipped.",
    ),
]
AllowSkips = Annotated[
    bool,
    typer.Option(
        "--allow-skips",
        help="It is no failure (status 0) when all were skipped and nothing was claimed before.",
    ),
]
AppPath = Annotated[
    Path | None,
    typer.Option(
        "--app",
        metavar="RECIPE",
        help="Take copies of this app instead of our demo app: a recipe, or the folder of one.",
    ),
]
Variant = Annotated[
    str | None, typer.Option("--variant", metavar="NAME", help="The variant of that recipe.")
]
Jobs = Annotated[
    int,
    typer.Option(min=1, help="Scenarios side by side; cells of a matrix as far as there is room."),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Of an experiment: go on with the run that was cut short."),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Print every scenario, client and request; of over 50 clients alike ones once.",
    ),
]


def app_of(path: Path | None, variant: str | None, fabric: str) -> Chosen | None:
    """What --app and --variant name; raises UsageError when it cannot be started there."""
    if path is None:
        if variant is not None:
            raise UsageError("--variant is of a recipe", "name that with --app")
        return None
    chosen = Chosen.read(path, variant)
    chosen.want_no_script()
    if fabric == "docker":
        chosen.want_image()
    return chosen


def drawn(seed: int | None) -> int:
    """The seed that was given, or one that repeats this run."""
    return random.randrange(1, 2**31) if seed is None else seed  # noqa: S311  no secret


def chosen_options(ctx: typer.Context) -> dict[str, Any]:
    """The options that stand on the command line, by their names here."""
    source = ctx.get_parameter_source
    return {
        name: value
        for name, value in ctx.params.items()
        if (found := source(name)) and found.name == "COMMANDLINE"
    }
