"""Users' verdicts and the checks' figures of two runs."""

from __future__ import annotations

from math import hypot, isfinite
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.record.intervals import newcombe, student
from sessionlab.lab.verdicts.causes import LOSSES
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.viewer.comparing.both import Both, Figure
from sessionlab.lab.viewer.comparing.comparison import LEVEL
from sessionlab.lab.viewer.comparing.figures import FEWEST, Counted, Judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.viewer.comparing.comparison import Measure

_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
_SHARES = (  # check, part, whole ("": users), what, of which, more is worse
    ("identity", "strangers", "", "taken for others", "users", True),
    ("updates", "lost_writes", "acknowledged", "lost writes", "acknowledged", True),
    ("revocation", "revived_credentials", "logouts", "accepted after logout", "logouts", True),
    ("affinity", "moves", "pinned", "pins that moved", "pinned requests", None),
    ("affinity", "moves_alive", "pinned", "pins moved, node there", "pinned requests", True),
    ("availability", "errors", "requests", "not served", "requests", True),
    ("availability", "refused", "in_session", "refused", "requests in session", True),
)
_OTHERS = {  # check: figures, each with what it is; the margin is what nobody would call uneven
    "availability": {
        "served_worst": Figure("checks", "served, worst second", "%", False, 1.0),
        "blast_radius": Figure("checks", "hit by a fault", "% of users", True, 1.0),
    },
    "balance": {
        "jain": Figure("checks", "balance (Jain)", "", False, 0.01),
        "busiest": Figure("checks", "busiest node", "% of requests", None, 1.0),
    },
}


def users(both: Both) -> Iterator[Measure]:
    """Shares of users; each of them counts for itself."""
    of_a, of_b = (one.judged.users for one in both.runs)
    nobody = " and ".join(side for side, of in (("A", of_a), ("B", of_b)) if not of)
    for what, fates in (("lost", LOSSES), *((str(fate), (fate,)) for fate in Fate)):
        figure = Figure("users", what, "% of users", True if fates[0] in LOSSES else None)
        if nobody:
            yield figure.unknown(f"nobody logged in in {nobody}")
            continue
        one, other = (of_a.count(*fates), len(of_a)), (of_b.count(*fates), len(of_b))
        low, high = newcombe(one, other, _Z)
        a, b = (100 * part / whole for part, whole in (one, other))
        yield figure.changed(a, b, 100 * low, 100 * high)


def shares(both: Both) -> Iterator[Measure]:
    """What checks count, as shares; what one user does depends on each other."""
    for check, part, whole, what, of, worse in _SHARES:
        figure = Figure("checks", what, f"% of {of}", worse)
        if both.apps_differ and check in ("updates", "affinity"):
            yield figure.unknown("different apps")
            continue
        a, b = (
            one.judged.counted(check, part, whole) if whole else _of_users(one.judged, check, part)
            for one in both.runs
        )
        if not a or not b:
            yield figure.lacking(a, b)
            continue
        low, high = _difference(a, b)
        yield figure.changed(100 * a.share, 100 * b.share, 100 * low, 100 * high)


def _of_users(judged: Judged, check: str, name: str) -> Counted | None:
    """A figure that counts users, as a share of all."""
    some, all_of = judged.figure(check, name), len(judged.users)
    if some is None or not all_of:
        return None
    return Counted(np.array([min(some, all_of)], float), np.array([all_of], float))


def _difference(a: Counted, b: Counted) -> tuple[float, float]:
    """Newcombe's interval, of as many independent counts as these are worth."""
    effect, groups = max(a.design_effect, b.design_effect), min(a.groups, b.groups)
    reach = student(LEVEL, groups - 1) if groups >= FEWEST else _Z
    one, other = ((float(of.part.sum()) / effect, float(of.whole.sum()) / effect) for of in (a, b))
    return newcombe(one, other, reach)


def others(both: Both) -> Iterator[Measure]:
    """Figures that are no shares: groups of users are drawn anew.

    Where all of them are alike no draw differs, which is no proof: each group counts once, then.
    """
    for check, figures in _OTHERS.items():
        known = {
            name: (both.a.judged.figure(check, name), both.b.judged.figure(check, name))
            for name in figures
        }
        (of_a, groups_a), (of_b, groups_b) = (
            one.judged.spread(check, list(figures)) for one in both.runs
        )
        for (name, (a, b)), *errors in zip(known.items(), of_a, of_b, strict=True):
            groups, error = min(groups_a, groups_b), hypot(*errors)
            if a is None or b is None:
                yield figures[name].lacking(a, b)
            elif groups < FEWEST or not isfinite(error):
                yield figures[name].unknown("too few users", a, b)
            elif not error and figures[name].unit.startswith("%"):
                low, high = newcombe((a / 100 * groups, groups), (b / 100 * groups, groups), _Z)
                yield figures[name].changed(a, b, 100 * low, 100 * high)
            else:
                reach = student(LEVEL, groups - 1) * error
                yield figures[name].changed(a, b, b - a - reach, b - a + reach)
