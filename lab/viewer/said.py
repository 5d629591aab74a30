"""What a page says in words: the sentence to read first, and how a run is run again."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Literal

from sessionlab.lab.record.packed.schema import HISTORY
from sessionlab.lab.reports.earlier import CHECK
from sessionlab.lab.verdicts.headline import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.verdicts.causes import Loss
    from sessionlab.lab.verdicts.users import Users
    from sessionlab.lab.viewer.view import Finding, View

Kind = Literal["experiment", "scenario", "check", "watch"]
_MORE = re.compile(r" into the story.*| \([^()]*\)$", re.DOTALL)
_MOST = 3  # losses in a sentence, and runs


def of_one(case: Case, users: Users, findings: Sequence[Finding]) -> str:
    """`13 of 60 users were logged out: n2 was killed at 2.0 s`; else what else there is to say."""
    own = str(case.run.get("sentence") or "")
    mixed = [one.said for one in findings if one.check == "identity"]
    if case.run.get("trouble") and own:
        return own
    if users.lost and not (own and own in mixed):
        said = [_short(loss) for loss in users.losses[:_MOST]]
        more = len(users.losses) - len(said)
        return _as_far("; ".join([*said, *([f"and {more} more"] if more else [])]), case)
    if own:
        return own
    if case.said.get("outcome") in ("error", "skipped"):
        return f"{case.said['outcome']}: {case.said.get('reason') or case.said.get('title')}"
    if not users:
        return _without_users(case)
    return _as_far(f"nobody lost a login: {_known(users)}", case)


def _known(users: Users) -> str:
    """`alice and bob were known, 1 of them at another node than before`: nobody was lost."""
    names, moved = list(dict.fromkeys(user.client for user in users.judged)), users.moved
    who = " and ".join(names) if len(names) < _MOST else f"all {number(len(users), 'user')}"
    said = f"{who} {'was' if len(names) == 1 else 'were'} known"
    if moved:
        of = f"{moved} of them " if len(users) > 1 else ""
        said += f", {of}at another node than before"
    if users.interrupted:
        said += f"; {users.interrupted} got errors meanwhile, for {users.longest} ms at most"
    return said


def _as_far(said: str, case: Case) -> str:
    """Of a run of which something is missing nobody knows more."""
    return f"as far as this run goes: {said}" if case.cut else said


def _without_users(case: Case) -> str:
    claims = [claim["holds"] for claim in case.said.get("claims", ())]
    if claims and not case.stored.operations:
        return f"{sum(claims)} of {number(len(claims), 'claim')} came true"
    asked = number(case.stored.operations, "request")
    return f"nobody logged in: {asked if case.stored.operations else 'nothing was asked'}"


def of_all(views: Sequence[View]) -> str:
    """The sentence of the only one; of several, how many users of which were lost."""
    if len(views) == 1:
        return views[0].sentence
    total, lost = (sum(getattr(one.users, name) for one in views) for name in ("total", "lost"))
    of = [one.name for one in views if one.users.lost]
    if not of:
        return f"nobody of {number(total, 'user')} was lost in {number(len(views), 'cluster')}"
    which = f": {', '.join(of)}" if len(of) <= _MOST else ""
    be = "was" if lost == 1 else "were"
    told = {(one.kind, one.outcome) for one in views} == {("scenario", "held")}
    return (
        "as expected, " if told else ""
    ) + f"{lost} of {total} users {be} lost, in {len(of)} of {len(views)} clusters{which}"


def kind(case: Case) -> Kind:
    """By which command it was made."""
    if (case.folder / HISTORY).is_dir():
        return "experiment"
    if "command_status" in case.run:
        return "watch"
    return "check" if (case.folder / CHECK).is_file() else "scenario"


def again(case: Case) -> str:
    """The command that runs it again, as far as the run says."""
    run, seed = case.run, case.run.get("seed")
    if not run:
        return ""
    of = kind(case)
    if of == "watch":
        during = f" -- {run['command']}" if run.get("command") else ""
        return f"sessionlab watch --recipe RECIPE --url {shlex.quote(str(run.get('url')))}{during}"
    story = str(case.folder / run["script"]) if "script" in run else case.name
    what = {"experiment": str(run.get("file")), "scenario": story, "check": "RECIPE"}[of]
    words = ["sessionlab", "check" if of == "check" else "run", what]
    words += [f"--seed={seed}"] if seed is not None or "script" not in run else []
    if of != "experiment":
        usual = {"fabric": "local", "balancer": "builtin"}
        words += [
            f"--{key}={run[key]}" for key, value in usual.items() if run.get(key, value) != value
        ]
    return shlex.join(words)


def _short(loss: Loss) -> str:
    """Who was lost and to what; what follows from that is in the reasons."""
    return f"{loss.who}: {_MORE.sub('', loss.why)}"
