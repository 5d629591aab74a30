"""What an experiment came to, as JSON: `run.json` of its folder, and `--json`."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.experiment.as_run import claims, notes
from sessionlab.lab.experiment.results import Foretold, Judged, Result
from sessionlab.lab.reports.cases import SCHEMA, told
from sessionlab.lab.workload.load import Load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sessionlab.lab.experiment.reading import Plan
    from sessionlab.lab.experiment.results import Report

_KEPT = ("fabric", "balancer", "started", "seconds", "cut", "idle", "beside")
_SLIM = ("latency",)  # of a load: the folder has it in a file of its own


def to_json(report: Report) -> str:
    """One object: an experiment's own document, or that of a matrix with all its cells."""
    return msgspec.json.format(msgspec.json.encode(whole(report)), indent=2).decode() + "\n"


def whole(report: Report) -> dict[str, Any]:
    """The document of a run; of a matrix `cells` has that of each."""
    if report.results and not report.is_matrix:
        return document(report.results[0])
    return {
        **_head(report.seed, report.fabric, report.balancer),
        "experiment": report.name,
        "file": report.file,
        "outcome": report.outcome,
        "exit_status": report.exit_status,
        "cut_short": report.cut_short or None,
        "cells": [document(result) for result in report.results],
        "scenarios": [_scenario(result) for result in report.results],
    }


def document(result: Result) -> dict[str, Any]:
    """All that is known of one run, with what `sessionlab judge` needs to judge it again."""
    load: Mapping[str, Any] = msgspec.to_builtins(result.load) if result.load else {}
    return {
        **_head(result.seed, result.fabric, result.balancer),
        "experiment": result.name,
        "file": result.file,
        "cell": dict(result.axes),
        "sentence": result.sentence,
        "outcome": result.outcome,
        "exit_status": result.exit_status,
        "trouble": result.trouble or None,
        "interrupted": result.interrupted,
        "started": result.started,
        "seconds": result.seconds,
        **result.about,
        "findings": [asdict(finding) for finding in result.findings],
        "bounds": [asdict(bound) for bound in result.bounds],
        "predictions": [asdict(one) for one in result.predictions],
        "generator": {key: value for key, value in load.items() if key not in _SLIM},
        "faults_failed": list(result.faults),
        "cut": list(result.cut),
        "idle": result.idle,
        "beside": result.beside,
        "mark": result.mark,
        "scenarios": [_scenario(result)],
    }


def stored(folder: Path, plan: Plan) -> Result | None:
    """What came of it in this folder before; None unless it has ended, and is the same still."""
    found = told(folder)
    if found.get("mark") != plan.mark or found["trouble"] or found["interrupted"]:
        return None
    load = found["generator"]
    return Result(
        **plan.known,
        findings=[
            Finding(**one | {"verdict": Verdict(one["verdict"]), "series": {}})
            for one in found["findings"]
        ],
        bounds=[Judged(**one) for one in found["bounds"]],
        predictions=[Foretold(**one) for one in found["predictions"]],
        load=msgspec.convert(load, Load) if load else None,
        about={key: found[key] for key in ("began", "ended", "told")},
        folder=str(folder),
        **{key: found[key] for key in _KEPT},
    )


def _head(seed: int, fabric: str, balancer: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "sessionlab": version("sessionlab"),
        "fabric": fabric,
        "balancer": balancer,
        "seed": seed,
    }


def _scenario(result: Result) -> dict[str, Any]:
    """As a run of scenarios has it, so that whoever reads those can read this."""
    return {
        "name": result.name,
        "title": result.title,
        "outcome": result.outcome,
        "reason": result.trouble or None,
        "seconds": result.seconds,
        "requests": result.load.operations if result.load else 0,
        "claims": [asdict(claim) for claim in claims(result)],
        "notes": list(notes(result)),
    }
