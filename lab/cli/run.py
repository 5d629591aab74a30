"""`sessionlab run`: tell scenarios and judge their claims."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer

from sessionlab.lab.cli import options
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.lasting.target import target_of
from sessionlab.lab.cli.outputs import Outputs
from sessionlab.lab.cli.screen import Screen
from sessionlab.lab.errors import LabError, UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.reports.console import ConsoleReport
from sessionlab.lab.reports.folder import Folder
from sessionlab.lab.scenario.finding import chosen, installed
from sessionlab.lab.scenario.lab import SETTINGS, Settings
from sessionlab.lab.scenario.runner import SIDE_BY_SIDE, cut_short, release, run
from sessionlab.lab.scenario.scenario import Scenario
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.results import RunResult, ScenarioResult


def command(
    scenarios: options.Names = None,
    *,
    ctx: typer.Context,
    everything: options.Everything = False,
    fabric: options.FabricName = SETTINGS.fabric,
    balancer: options.BalancerName = SETTINGS.balancer,
    nodes: options.Nodes = SETTINGS.nodes,
    seed: options.Seed = None,
    out: options.Out = None,
    json: options.Json = None,
    junit: options.Junit = None,
    summary: options.Summary = None,
    report: options.Reports = None,
    redis_url: options.RedisUrl = None,
    target: options.TargetText = None,
    app: options.AppPath = None,
    variant: options.Variant = None,
    allow_skips: options.AllowSkips = SETTINGS.allow_skips,
    jobs: options.Jobs = SIDE_BY_SIDE,
    resume: options.Resume = False,
    verbose: options.Verbose = False,
) -> None:
    """Run scenarios: build their clusters, break them, and compare with what was predicted.

    Examples: `sessionlab run`; `sessionlab run sticky sticky-node-dies --nodes 5`;
    `sessionlab run scenarios/sticky.py --json -`.

    A FILE.toml is an experiment: virtual users, faults on a schedule, checks and bounds, and with a
    matrix many of them (docs/experiments.md). It is kept in runs/NAME unless --out says where.

    With --app the same is told of an app that is not ours, as far as it fits: a variant of the
    recipe that is called like a strategy (memory, redis, jwt) stands in for it, and what asks for
    anything that only our demo app has is skipped, with the reason.

    Exit status: 0 all as predicted; 1 something was not, or a story failed; 2 wrong usage; 3
    nothing could be shown: a cluster did not start, a scenario claimed nothing or forgot an await,
    or all were skipped and none had claimed before (0 with --allow-skips); 130 interrupted.
    """
    if scenarios and any(name.endswith(".toml") for name in scenarios):
        # Not before: it loads NumPy, which takes as long as all the rest.
        from sessionlab.lab.cli.experiments import command as experiment  # noqa: PLC0415

        raise typer.Exit(experiment.command(scenarios, options.chosen_options(ctx)))
    if resume:
        raise UsageError("--resume is of experiments", "name the FILE.toml of one")
    seed = options.drawn(seed)
    settings = Settings(fabric, balancer, nodes, seed, redis_url=redis_url, allow_skips=allow_skips)
    settings = _on_target(settings, target) if target else settings
    if chosen_app := options.app_of(app, variant, fabric):
        settings = _of_app(settings, chosen_app)
    outputs = Outputs.of(out, report or [], json=json, junit=junit, summary=summary)
    stories = _chosen(scenarios or [], settings, outputs, slow=everything)
    again = ["run", *(scenarios or []), *(["--all"] if everything else [])]
    again += ["--nodes", str(nodes)] if nodes != SETTINGS.nodes else []
    again += ["--app", str(app)] if app else []
    again += ["--variant", variant] if variant else []
    typed = shlex.join(again)
    status = run_and_report(stories, settings, outputs, jobs, verbose=verbose, again=typed)
    if not scenarios and (left_out := len(installed()) - len(stories)):
        typer.echo(_left_out(left_out), err=outputs.take_stdout)
    raise typer.Exit(status)


def _left_out(stories: int) -> str:
    them = "it" if stories == 1 else "them"
    return f"{number(stories, 'slower scenario')} left out: `--all` tells {them} too"


def _chosen(
    names: list[str], settings: Settings, outputs: Outputs, *, slow: bool
) -> list[Scenario]:
    """The stories to tell; that there are none is written where a result was asked for."""
    if slow and names:
        raise UsageError("--all and names exclude each other", "leave one of them out")
    outputs.check()
    try:
        return chosen(names, slow=slow)
    except UsageError as error:
        outputs.write(cut_short([], settings, [], str(error)))
        raise


def _on_target(settings: Settings, text: str) -> Settings:
    """The same, on a stack that runs: as many nodes as it has, behind its balancer."""
    target = target_of(text)
    if settings.redis_url:
        raise UsageError("--redis-url and --target exclude each other")
    return replace(
        settings,
        fabric="external",
        fabric_options={"target": target},
        balancer=target.balancer,
        nodes=len(target.addresses()),
    )


def _of_app(settings: Settings, app: Chosen) -> Settings:
    """The same, of copies of somebody's app."""
    if settings.fabric == "external":
        raise UsageError("--app and --target exclude each other", "a target runs already")
    return replace(settings, app=app)


def run_and_report(
    stories: list[Scenario],
    settings: Settings,
    outputs: Outputs,
    jobs: int = SIDE_BY_SIDE,
    *,
    verbose: bool = False,
    again: str = "run",
) -> int:
    """Run, print, write what was asked for, as far as it is known; the exit status."""
    events = Events()
    ended: list[ScenarioResult] = []

    def so_far(why: str) -> RunResult:
        return cut_short(stories, settings, ended, why, events.now())

    outputs.begin(so_far("it has not ended"))
    with ExitStack() as stack:
        keep = outputs.write
        try:
            if outputs.folder:
                folder = stack.enter_context(Folder(outputs.folder, outputs.files))
                keep = partial(_keep, outputs, folder)
                events.listen(folder.hear)
            screen = Screen(stderr=outputs.take_stdout, highlight=False)
            typed = command_typed()
            report = ConsoleReport(screen, verbose=verbose, command=typed, again=again)
            stack.callback(report.stop)
            result = _run(stories, settings, events, report, ended, jobs)
        except BaseException as error:
            known = so_far(why_ended(error))
            keep(known)
            if isinstance(error, typer.Exit):
                report.end(known)
            raise
        try:
            keep(result)
        finally:
            report.end(result)
    return result.exit_status


def _run(
    stories: list[Scenario],
    settings: Settings,
    events: Events,
    report: ConsoleReport,
    ended: list[ScenarioResult],
    jobs: int,
) -> RunResult:
    def told(result: ScenarioResult) -> None:
        ended.append(result)
        report.told(result)

    events.listen(report.hear)
    names = [story.name for story in stories]
    report.begin(settings.seed, settings.fabric, settings.balancer, names)
    return run_to_end(
        run(stories, settings, events, side_by_side=jobs, told=told),
        said="sessionlab: interrupted; everything that was started is gone",
    )


def _keep(outputs: Outputs, folder: Folder, result: RunResult) -> None:
    try:
        outputs.write(result)
    finally:
        folder.write(result, release())


def command_typed() -> str:
    """What the user would type to run this again: the path where it is not found by its name."""
    if shutil.which("sessionlab"):
        return "sessionlab"
    beside = Path(sys.executable).with_name("sessionlab")
    return min(str(beside), os.path.relpath(beside), key=len) if beside.exists() else "sessionlab"


def why_ended(error: BaseException) -> str:
    """What has ended the run, in words."""
    code = error.exit_code if isinstance(error, typer.Exit) else getattr(error, "code", None)
    if isinstance(code, int) and code > 128:  # noqa: PLR2004  as a shell has it
        return f"ended by {signal.Signals(code - 128).name}"
    return str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
