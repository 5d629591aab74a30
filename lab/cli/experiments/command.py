"""`sessionlab run FILE.toml`: an experiment, or every cell of its matrix."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from sessionlab.lab.cli.experiments.live import Progress
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.options import drawn
from sessionlab.lab.cli.outputs import Outputs
from sessionlab.lab.cli.screen import Screen
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.errors import LabError, UsageError
from sessionlab.lab.experiment.as_json import to_json, whole
from sessionlab.lab.experiment.as_run import to_junit
from sessionlab.lab.experiment.as_summary import to_summary
from sessionlab.lab.experiment.as_text import to_text
from sessionlab.lab.experiment.folder import given, keep, latest, place
from sessionlab.lab.experiment.matrix import Series
from sessionlab.lab.experiment.reading import Read, read
from sessionlab.lab.experiment.results import Report
from sessionlab.lab.reports.cases import told
from sessionlab.lab.reports.glyphs import glyphs_for

RUNS = Path("runs")
OF_CLUSTER = ("fabric", "balancer", "nodes", "variant")
OTHERS = ("scenarios", "seed", "out", "json", "junit", "summary", "report", "jobs", "resume")
REPORTS: Variants[Any] = Variants(
    "sessionlab.experiment_reports",
    {"json": to_json, "junit": to_junit, "summary": to_summary},
    "__call__",
)


def command(names: list[str], asked: Mapping[str, Any]) -> int:
    """Run the experiment in that file; `asked` are the options that were given. The exit status.

    Raises UsageError for what an experiment's file says itself.
    """
    if len(names) > 1:
        raise UsageError("an experiment is run by itself", f"sessionlab run {names[0]}")
    if beyond := [name for name in asked if name not in (*OF_CLUSTER, *OTHERS)]:
        option = "--all" if beyond[0] == "everything" else f"--{beyond[0].replace('_', '-')}"
        raise UsageError(f"{option} is of scenarios", f"{names[0]} says what is run")
    path = Path(names[0])
    seed, out, resume = asked.get("seed"), asked.get("out"), bool(asked.get("resume"))
    over = {name: asked[name] for name in OF_CLUSTER if name in asked}
    found = read(path, drawn(seed), over, insist=seed is not None)
    outputs = replace(
        Outputs.of(
            None,
            asked.get("report") or [],
            **{name: asked.get(name) for name in ("json", "junit", "summary")},
        ),
        table=REPORTS,
    )
    outputs.check()
    folder = out or (resume and latest(RUNS, found.experiment.name)) or None
    if resume and folder and seed is None and (before := told(folder).get("seed")):
        found = read(path, before, over)
    folder = given(folder, resume=resume) if folder else place(RUNS, found.experiment.name)
    return _Run(found, folder, outputs, path, over, asked.get("jobs"), resume=resume).run()


class _Run:
    """One run on the screen, in its folder, and in the files that were asked for."""

    def __init__(
        self,
        found: Read,
        folder: Path,
        outputs: Outputs,
        path: Path,
        over: Mapping[str, Any],
        jobs: int | None,
        *,
        resume: bool,
    ) -> None:
        self._read = found
        self._folder = folder
        self._outputs = outputs
        self._resume = resume
        self._series = Series(found, folder, jobs)
        self._screen = Screen(stderr=outputs.take_stdout, highlight=False)
        self._glyphs = glyphs_for(self._screen.encoding, os.environ)
        options = [f"--{name}={value}" for name, value in over.items()]
        self._again = shlex.join(["sessionlab", "run", str(path), *options, f"--seed={found.seed}"])

    def run(self) -> int:
        """The exit status."""
        self._keep(self._report("it has not ended"))
        self._outputs.begin(self._report("it has not ended"))
        status, why = 0, ""
        with ExitStack() as stack:
            progress = Progress(self._screen, self._glyphs, self._read)
            stack.callback(progress.stop)
            progress.begin(
                f"{self._read.experiment.name}: {self._read.title}; seed {self._read.seed}"
            )
            try:
                run_to_end(
                    self._all(progress),
                    said="sessionlab: interrupted; everything that was started is gone",
                )
            except typer.Exit as ended:
                status, why = ended.exit_code, "interrupted"
            except LabError as error:
                self._told(self._report(str(error)))
                raise
        report = self._report(why)
        self._told(report)
        mixed_up = any(result.mixed_up for result in report.results)
        return status if status and not mixed_up else report.exit_status

    async def _all(self, progress: Progress) -> None:
        await self._series.run(progress.ended, progress.hear, resume=self._resume)
        if self._series.interrupted:
            raise asyncio.CancelledError

    def _report(self, cut_short: str) -> Report:
        """What is known by now."""
        names = [plan.name for plan in self._read.plans]
        found = self._series.results
        cluster = self._read.plans[0].experiment.cluster
        left = [name for name in names if name not in found]
        return Report(
            name=self._read.experiment.name,
            file=str(self._read.toml.path),
            seed=self._read.seed,
            fabric=cluster.fabric,
            balancer=cluster.balancer,
            results=[found[name] for name in names if name in found],
            is_matrix=self._read.is_matrix,
            folder=self._folder,
            left=left,
            cut_short=cut_short if left or cut_short == "interrupted" else "",
        )

    def _told(self, report: Report) -> None:
        self._keep(report)
        try:
            self._outputs.write(report)
        finally:
            self._screen.show(to_text(report, self._again), self._glyphs)

    def _keep(self, report: Report) -> None:
        if report.is_matrix:
            keep(self._folder, self._read.toml.text, whole(report))
