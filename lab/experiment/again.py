"""A stored run judged again, without a cluster: an experiment's, a matrix', or stories' of any age.

What it says of a run is what the run said of itself, when the checks were the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.bounds import parse
from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.judging import look
from sessionlab.lab.experiment.results import Foretold, Judged, Result

if TYPE_CHECKING:
    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.verdicts.users import Users

Progress = Callable[[int, int], None]


def judged(
    case: Case,
    checks: Sequence[str] = (),
    processes: int = 2,
    progress: Progress | None = None,
) -> tuple[Result, Users]:
    """What the checks say of it, and of its bounds; the users, if continuity is checked."""
    seen_by = look(case.stored, case.about, checks, processes, progress)
    findings = [CHECKS[name].judge(parts, case.about) for name, parts in seen_by.items()]
    asked = [parse(one["figure"], _limit(one)) for one in case.run.get("bounds", ())]
    known = {name for finding in findings for name in finding.figures}
    bounds = [bound for bound in asked if not checks or bound.name in known]
    result = Result(
        name=case.name,
        seed=case.run.get("seed", 0),
        title=case.name,
        findings=findings,
        bounds=[Judged.of(bound, findings) for bound in bounds],
        predictions=[Foretold(**one) for one in case.run.get("predictions", ())],
        trouble=case.run.get("trouble") or "",
        cut=case.cut,
        remarks=case.notes,
    )
    result = result.as_far() if case.cut else result
    return result, CONTINUITY.users(seen_by.get(CONTINUITY.name, ()), case.about)


def _limit(bound: Mapping[str, str]) -> str:
    return bound["text"].removeprefix(bound["figure"])
