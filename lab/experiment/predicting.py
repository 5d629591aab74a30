"""What the models say of an experiment, beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.checks.interface import About, Finding
    from sessionlab.lab.experiment.reading import Plan
    from sessionlab.lab.experiment.results import Foretold


def foretold(plan: Plan, findings: Sequence[Finding], about: About) -> list[Foretold]:
    return []
