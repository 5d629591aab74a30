"""`sessionlab run`: tell scenarios and judge their claims."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.cli.choice import one_of
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.description.cluster import MOST_NODES
from sessionlab.lab.description.target import FORM, parse_target
from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.reports import REPORTS
from sessionlab.lab.reports.console import ConsoleReport
from sessionlab.lab.reports.folder import Folder
from sessionlab.lab.scenario.finding import chosen, installed
from sessionlab.lab.scenario.lab import SETTINGS, Settings
from sessionlab.lab.scenario.runner import SIDE_BY_SIDE, release, run
from sessionlab.lab.scenario.scenario import Scenario
from sessionlab.lab.verdicts.results import RunResult

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SCENARIO]...", help="Names or files; all but slower ones when none is named."
    ),
]
FabricName = Annotated[str, typer.Option(help="What the cluster runs on.", **one_of(FABRICS))]
BalancerName = Annotated[
    str, typer.Option(help="What stands in front of the nodes.", **one_of(BALANCERS))
]
Nodes = Annotated[
    int, typer.Option(min=1, max=MOST_NODES, help="App servers in each cluster, or service.")
]
RedisUrl = Annotated[
    str | None,
    typer.Option(envvar="SESSIONLAB_REDIS_URL", help="Use this Redis instead of starting one."),
]


def command(
    scenarios: Names = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="When none is named: the slower ones as well.")
    ] = False,
    fabric: FabricName = SETTINGS.fabric,
    balancer: BalancerName = SETTINGS.balancer,
    nodes: Nodes = SETTINGS.nodes,
    seed: Annotated[
        int | None, typer.Option(help="Repeats a run's random choices; drawn when not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write report, events and histories to this folder; an earlier run"
            " there is replaced."
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the result as JSON; - for standard output.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the result as JUnit XML.")] = None,
    summary: Annotated[
        Path | None,
        typer.Option(help="Append the result as Markdown, as to a CI job's summary."),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Write a report by name: see `sessionlab list`."),
    ] = None,
    redis_url: RedisUrl = None,
    target: Annotated[
        str | None,
        typer.Option(
            envvar="SESSIONLAB_TARGET",
            metavar=FORM,
            help="Use this stack, which runs already, and start nothing; its users' password is"
            " SESSIONLAB_TARGET_PASSWORD. What it cannot show is skipped.",
        ),
    ] = None,
    allow_skips: Annotated[
        bool,
        typer.Option(
            "--allow-skips", help="It is no failure when every scenario was skipped (status 0)."
        ),
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Scenarios side by side.")] = SIDE_BY_SIDE,
) -> None:
    """Run scenarios: build their clusters, break them, and judge every claim.

    Examples: `sessionlab run`; `sessionlab run sticky sticky-node-dies --nodes 5`;
    `sessionlab run scenarios/sticky.py --json -`.

    Exit status: 0 every claim holds; 1 a claim does not; 2 wrong usage; 3 nothing could be shown: a
    cluster that did not start, a scenario that claims nothing or forgot an await, or every scenario
    skipped (see --allow-skips); 130 interrupted.
    """
    seed = random.randrange(1, 2**31) if seed is None else seed  # noqa: S311  no secret
    settings = Settings(fabric, balancer, nodes, seed, redis_url=redis_url, allow_skips=allow_skips)
    if target:
        settings = _on_target(settings, target)
    if everything and scenarios:
        raise UsageError("--all and names exclude each other", "leave one of them out")
    given = [*_named(json=json, junit=junit, summary=summary), *map(_report, report or [])]
    outputs = Outputs(out, given)
    stories = chosen(scenarios or [], slow=everything)
    status = run_and_report(stories, settings, outputs, jobs)
    if not scenarios and (left_out := len(installed()) - len(stories)):
        typer.echo(f"{left_out} slower left out: --all", err=outputs.take_stdout)
    raise typer.Exit(status)


def _on_target(settings: Settings, text: str) -> Settings:
    """The same, on a stack that runs: as many nodes as it has, behind its balancer."""
    target = parse_target(text, os.environ.get("SESSIONLAB_TARGET_PASSWORD", ""))
    if settings.redis_url:
        raise UsageError("--redis-url and --target exclude each other")
    return replace(
        settings,
        fabric="external",
        fabric_options={"target": target},
        balancer=target.balancer,
        nodes=len(target.addresses()),
    )


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the result goes besides the screen."""

    folder: Path | None = None
    reports: Sequence[tuple[str, Path]] = ()

    @property
    def files(self) -> list[Path]:
        return [path for _, path in self.reports]

    def check(self) -> None:
        """Find out before the run, not after it, that its result cannot be kept."""
        for name, path in self.reports:
            REPORTS.named(name)
            if _is_stdout(path):
                continue
            try:
                path.open("a", encoding="utf-8").close()
            except OSError as error:
                raise UsageError(f"cannot write {path}: {error.strerror}") from None

    @property
    def take_stdout(self) -> bool:
        return any(map(_is_stdout, self.files))


def _named(**paths: Path | None) -> list[tuple[str, Path]]:
    return [(name, path) for name, path in paths.items() if path is not None]


def _report(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not path:
        raise UsageError(f"--report {text} makes no sense", "write NAME=FILE, or NAME=-")
    return name, Path(path)


def run_and_report(
    stories: list[Scenario], settings: Settings, outputs: Outputs, jobs: int = SIDE_BY_SIDE
) -> int:
    """Run, print, write what was asked for; the exit status."""
    outputs.check()
    folder = Folder(outputs.folder, outputs.files) if outputs.folder else None
    report = ConsoleReport(Console(stderr=outputs.take_stdout, highlight=False))
    events = Events(report.hear)
    if folder:
        events.listen(folder.hear)
    report.begin(settings.seed, settings.fabric, settings.balancer)
    try:
        result = run_to_end(
            run(stories, settings, events, side_by_side=jobs, told=report.told),
            said="sessionlab: interrupted; everything that was started is gone",
        )
        report.end(result)
        _write(result, outputs, folder)
    finally:
        report.stop()
        if folder:
            folder.close()
    return result.exit_status


def _write(result: RunResult, outputs: Outputs, folder: Folder | None) -> None:
    if folder:
        folder.write(result, release())
    for name, path in outputs.reports:
        text = REPORTS[name](result)
        if _is_stdout(path):
            sys.stdout.write(text)
        elif name == "summary":  # earlier steps may have written to it
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            path.write_text(text, encoding="utf-8")


def _is_stdout(path: Path) -> bool:
    return str(path) == "-"
