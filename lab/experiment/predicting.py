"""What the models say of an experiment, beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.experiment.results import Foretold
from sessionlab.lab.prediction.predicting import predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.checks.interface import About, Finding
    from sessionlab.lab.experiment.reading import Plan
    from sessionlab.lab.record.intervals import Counted


def foretold(plan: Plan, findings: Sequence[Finding], about: About) -> list[Foretold]:
    """The models know what was asked for, and nothing of what came of it."""
    told = plan.description.told()
    return [
        Foretold(
            one.name,
            f"{one.expected}, as {one.says}",
            _short(one.measure(findings, about)),
            one.agrees(findings, about),
        )
        for one in predict(told, plan.experiment.workload, plan.faults)
    ]


def _short(counted: Counted | None) -> str:
    """With its interval, and without how sure that is, which is the same of all."""
    return str(counted).partition(" (")[0] if counted else "nothing was there to measure"
