"""`sessionlab check`: put an app of one's own through every ordeal."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sessionlab.lab.check.as_json import to_json
from sessionlab.lab.check.as_run import as_run, label, to_junit
from sessionlab.lab.check.as_summary import to_summary
from sessionlab.lab.check.as_text import to_text
from sessionlab.lab.check.results import Check, Control
from sessionlab.lab.check.running import Plan, run
from sessionlab.lab.cli import options
from sessionlab.lab.cli.choice import one_of
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.outputs import Outputs
from sessionlab.lab.cli.screen import Screen
from sessionlab.lab.cli.whole_files import replace as write_whole
from sessionlab.lab.description.cluster import MOST_NODES
from sessionlab.lab.description.families import AFFINITIES
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.ordeals import ORDEALS
from sessionlab.lab.recipes import one_line, reading
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.recipes.environment import check_environment
from sessionlab.lab.recipes.reading import FILE, RecipeFile
from sessionlab.lab.reports.earlier import CHECK
from sessionlab.lab.reports.folder import Folder
from sessionlab.lab.reports.glyphs import glyphs_for
from sessionlab.lab.scenario.runner import release

LEAST_COPIES = 2  # with one there is no other copy that could know a user, or not
LOG = "part.log"

Recipe = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RECIPE]", help="The recipe, or its folder; none with --run, --login and --me."
    ),
]
VariantNames = Annotated[
    list[str] | None,
    typer.Option(
        "--variant", metavar="NAME", help="A variant of the recipe; the base unless given."
    ),
]
Affinities = Annotated[
    list[str] | None,
    typer.Option(
        "--affinity",
        help="Unless given: none, cookie, learning what the app sets, and the recipe's own.",
        **one_of(AFFINITIES, "NAME"),
    ),
]
OrdealNames = Annotated[
    list[str] | None,
    typer.Option(
        "--ordeal", help="All unless given: see `sessionlab list`.", **one_of(ORDEALS, "NAME")
    ),
]
Copies = Annotated[
    int, typer.Option(min=LEAST_COPIES, max=MOST_NODES, help="Copies of the app in each cluster.")
]
Tls = Annotated[bool, typer.Option("--tls", help="TLS ends at the balancer.")]
Line = Annotated[
    str | None,
    typer.Option(metavar="'METHOD PATH …'", help="Without a file: so, as in the example above."),
]
Save = Annotated[Path | None, typer.Option(help="Write what --run and the others say as a recipe.")]
AllowScript = Annotated[
    bool, typer.Option("--allow-script", help="Let the recipe run Python functions of its own.")
]
REPORTS: Variants[Callable[[Sequence[Check]], str]] = Variants(
    "sessionlab.check_reports",
    {"json": to_json, "junit": to_junit, "summary": to_summary},
    "__call__",
)


def command(
    recipe: Recipe = None,
    *,
    variant: VariantNames = None,
    affinity: Affinities = None,
    ordeal: OrdealNames = None,
    copies: Copies = Plan.copies,
    tls: Tls = Plan.tls,
    balancer: options.BalancerName = Plan.balancer,
    fabric: options.FabricName = Plan.fabric,
    seed: options.Seed = None,
    json: options.Json = None,
    junit: options.Junit = None,
    summary: options.Summary = None,
    out: options.Out = None,
    allow_script: AllowScript = False,
    run_line: Annotated[
        str | None, typer.Option("--run", metavar="COMMAND", help="Without a file: of one copy.")
    ] = None,
    login: Line = None,
    me: Line = None,
    write: Line = None,
    read: Line = None,
    logout: Line = None,
    save: Save = None,
) -> None:
    """Will the users of your app stay logged in? Boot copies of it, and put them to the proof.

    Examples: `sessionlab check shop/sessionlab.toml --variant redis --affinity cookie`;
    `sessionlab check --run 'gunicorn -b {host}:{port} shop:app' --login 'POST /login
    username={user} password={password}' --me 'GET /whoami json:user' --save sessionlab.toml`.

    Exit status: 0 it was judged, and the recipe's [expect] is met; 1 a bound is not met; 2 wrong
    usage; 3 the control run failed, or something could not be shown; 130 interrupted.
    """
    lines = {"login": login, "me": me, "write": write, "read": read, "logout": logout}
    file = _file(recipe, run_line, lines, save)
    plan = Plan(
        file=file,
        variants=list(dict.fromkeys(variant or [])) or [None],
        affinities=list(dict.fromkeys(affinity or ())),
        ordeals=list(dict.fromkeys(ordeal or ())),
        copies=copies,
        seed=options.drawn(seed),
        tls=tls,
        balancer=balancer,
        fabric=fabric,
        allow_script=allow_script,
    )
    for name in plan.variants:
        check_environment(Chosen(file, name).recipe)
    outputs = Outputs.of(out, [], json=json, junit=junit, summary=summary)
    raise typer.Exit(_run_and_report(plan, replace(outputs, table=REPORTS)))


def _file(
    recipe: Path | None, run_line: str | None, lines: dict[str, str | None], save: Path | None
) -> RecipeFile:
    """The recipe, out of its file or of the command line; that one is saved where asked for."""
    if recipe is not None:
        if run_line or save or any(lines.values()):
            raise UsageError(
                "a recipe's file and --run exclude each other", "leave one of them out"
            )
        return reading.read(recipe)
    if not run_line or not lines["me"]:
        raise UsageError(
            "there is nothing to check", "name a recipe, or give --run and --me: see --help"
        )
    raw = one_line.recipe(run_line, Path.cwd().name or "app", **lines)
    if save:
        raw["app"]["dir"] = os.path.relpath(Path.cwd(), save.parent)
    file = reading.parse(raw, save or Path(FILE))
    if save:
        try:
            write_whole(save, one_line.written(raw))
        except OSError as error:
            raise UsageError(f"cannot write {save}: {error.strerror}") from None
        typer.echo(f"saved as {save}: `sessionlab check {save}` does the same", err=True)
    return file


def _run_and_report(plan: Plan, outputs: Outputs) -> int:
    """Run, print, write what was asked for; the exit status."""
    outputs.check()
    name = plan.file.base.name
    outputs.begin([_unfinished(plan, one) for one in plan.variants])
    events = Events()
    screen = Screen(stderr=outputs.take_stdout, highlight=False)
    with ExitStack() as stack:
        folder = None
        if outputs.folder:
            folder = stack.enter_context(Folder(outputs.folder, outputs.files))
            events.listen(lambda event: folder.hear(event) if event.kind == LOG else None)
        status = stack.enter_context(screen.status(name)) if screen.is_terminal else None
        said = status.update if status else lambda _: None
        checks = run_to_end(
            run(plan, events, lambda line: said(Text(line, no_wrap=True, overflow="ellipsis"))),
            said="sessionlab: interrupted; everything that was started is gone",
        )
        if folder:
            _keep(folder, checks, plan)
    outputs.write(checks)
    glyphs = glyphs_for(screen.encoding, os.environ)
    for check in checks:
        screen.show(to_text(check, glyphs), glyphs)
    return max((check.exit_status for check in checks), key=(0, 3, 1).index)


def _unfinished(plan: Plan, variant: str | None) -> Check:
    """What stands in a report until there is more."""
    return Check(
        plan.file.base.name,
        variant,
        plan.copies,
        plan.seed,
        Control(()),
        trouble="it has not ended",
    )


def _keep(folder: Folder, checks: Sequence[Check], plan: Plan) -> None:
    """Every cell as a scenario, with what had happened to its cluster by then."""
    result = as_run(checks, plan.fabric, plan.balancer)
    names = [scenario.name for scenario in result.scenarios]
    names += [
        label(check.app, check.variant, affinity)
        for check in checks
        for affinity in check.affinities
    ]
    folder.hear(Event(0.0, "run.started", "", {"seed": plan.seed, "scenarios": names}))
    for scenario in result.scenarios:
        for event in scenario.events:
            folder.hear(replace(event, scenario=scenario.name))
    folder.write(result, release())
    folder.add(CHECK, to_json(checks))
