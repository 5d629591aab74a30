"""The run as JSON, in the form that the design fixes."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.verdicts.results import RunResult, ScenarioResult


def to_json(run: RunResult, release: str = version("sessionlab")) -> str:
    """One object: what was run on what, and every scenario with its claims.

    `cut_short` is there only where the run was not told to its end, and says why.
    """
    document = {
        "sessionlab": release,
        "fabric": run.fabric,
        "balancer": run.balancer,
        "seed": run.seed,
        "scenarios": [_scenario(result) for result in run.scenarios],
        **({"cut_short": run.cut_short} if run.cut_short else {}),
        **run.more,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _scenario(result: ScenarioResult) -> dict[str, object]:
    return {
        "name": result.name,
        "title": result.title,
        "outcome": result.outcome,
        "reason": result.reason,
        "seconds": result.seconds,
        "requests": len(result.history),
        "claims": [asdict(claim) for claim in result.claims],
        "notes": result.notes,
        "users": result.users.summary(),
        "tables": [asdict(table) for table in result.tables],
    }
