"""What came of a run or of a scenario, in one sentence: the title that a person reads first."""

from __future__ import annotations

from collections import Counter

from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.not_shown import not_shown
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

_UNLIKE = {Outcome.BROKEN: "did not go as predicted", Outcome.ERROR: "could not be told"}
_DID = {
    Fate.LOGGED_OUT: "logged users out",
    Fate.STUCK: "left users stuck",
    Fate.WRONG_DATA: "gave users wrong data",
}


def headline(run: RunResult) -> str:
    """`4 of 7 settings logged everybody out`, or how many scenarios went as predicted."""
    if run.cut_short:
        return "The run was cut short"
    scenarios = number(len(run.scenarios), "scenario")
    unlike: list[str] = []
    for what, how in _UNLIKE.items():
        if names := [result.name for result in run.scenarios if result.outcome is what]:
            of = "" if unlike else f" of {scenarios}"
            unlike.append(f"{len(names)}{of} {how}: {', '.join(names)}")
    if unlike:
        return "; ".join(unlike)
    if run.judged_nothing or run.without_balancer:
        said = run.without_balancer or f"nothing was shown: {scenarios} skipped"
        return f"N{said[1:]}"
    if len(run.scenarios) == 1:
        return f"{outcome(run.scenarios[0])}, as predicted"
    skipped = sum(result.outcome is Outcome.SKIPPED for result in run.scenarios)
    if not skipped:
        return f"All {scenarios} went as predicted"
    held = number(len(run.scenarios) - skipped, "scenario")
    return f"{held} went as predicted, {skipped} skipped"


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


def number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
