"""What came of a run or of a scenario, in one sentence: the title that a person reads first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.not_shown import not_shown
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Sequence


def headline(run: RunResult) -> str:
    """`4 of 7 settings logged everybody out`, or how many scenarios went as predicted."""
    if run.cut_short:
        return "The run was cut short"
    if unlike := _unlike(run.scenarios):
        return unlike
    if run.judged_nothing:
        return f"Nothing was shown: {number(len(run.scenarios), 'scenario')} skipped"
    held = [result for result in run.scenarios if result.outcome is Outcome.HELD]
    if len(run.scenarios) == 1:
        return f"{outcome(run.scenarios[0])}, as predicted"
    if len(held) == len(run.scenarios):
        return f"All {len(held)} scenarios went as predicted"
    skipped = len(run.scenarios) - len(held)
    return f"{number(len(held), 'scenario')} went as predicted, {skipped} skipped"


def outcome(result: ScenarioResult) -> str:
    """What its users have to do with it, or else its title."""
    users = result.users
    if not users.lost:
        return result.title
    if not users.settings:
        return "; ".join(loss.who for loss in users.losses)
    of = Counter(user.cluster for user in users.judged)
    settings = number(len(of.keys() & users.settings.keys()), "setting")
    if left_out := not_shown(result.events):
        settings += f" ({len(left_out)} more not shown)"
    out = {loss.cluster: 0 for loss in users.losses}
    for loss in users.losses:
        out[loss.cluster] += loss.users if loss.fate is Fate.LOGGED_OUT else 0
    if everybody := sum(count == of[cluster] for cluster, count in out.items()):
        return f"{everybody} of {settings} logged everybody out"
    did = " or ".join(_DID[fate] for fate in Fate if fate in {loss.fate for loss in users.losses})
    return f"{len(out)} of {settings} {did}"


_DID = {
    Fate.LOGGED_OUT: "logged users out",
    Fate.STUCK: "left users stuck",
    Fate.WRONG_DATA: "gave users wrong data",
}


def _unlike(results: Sequence[ScenarioResult]) -> str:
    """Which did not go as predicted, or could not be told."""
    said: list[str] = []
    of = number(len(results), "scenario")
    for what, how in (
        (Outcome.BROKEN, "did not go as predicted"),
        (Outcome.ERROR, "could not be told"),
    ):
        if names := [result.name for result in results if result.outcome is what]:
            count = f"{len(names)} of {of}" if not said else str(len(names))
            said.append(f"{count} {how}: {', '.join(names)}")
    return "; ".join(said)


def number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
