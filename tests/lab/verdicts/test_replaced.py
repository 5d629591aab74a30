"""Apps whose write replaces what was there, as by PUT: what is overwritten is not lost."""

from __future__ import annotations

import pytest

from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.checks.updates import UPDATES
from sessionlab.lab.page.seen.standings import Standings
from sessionlab.lab.record.history import Ending
from sessionlab.lab.verdicts.cart import unknown_writes
from sessionlab.lab.verdicts.fates import Fate, users
from tests.lab.checks.histories import Step, found, good, login, read, write

LOGIN = login("u1", 0)
TWO = [LOGIN, write("u1", 1, "u1.1"), write("u1", 2, "u1.2")]
SEVERAL = [
    login("u3", 0),
    *(write("u3", n, f"u3.{n}") for n in (1, 2)),
    read("u3", 3, "u3.1", "u3.2"),
]


def fate(*steps: Step) -> Fate:
    return next(user.fate for user in users(one.op for one in steps) if user.client == "u1")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_good_history_of_writes_that_replace_has_lost_nothing(seed: int) -> None:
    steps, events = good(seed)
    replaced = [one.but(items=one.op.items and one.op.items[-1:]) for one in steps]
    updates, continuity = (found(check, replaced, *events) for check in (UPDATES, CONTINUITY))
    assert (updates.verdict, updates.evidence) == (Verdict.UNKNOWN, ())
    assert "so writes may replace each other" in updates.said
    assert (updates.figures["lost_writes"], updates.figures["wrong_reads"]) == (None, 0)
    assert continuity.figures == found(CONTINUITY, steps, *events).figures
    assert unknown_writes(one.op for one in replaced)
    assert not unknown_writes(one.op for one in steps)


@pytest.mark.parametrize("items", [(), ("u1.1",)])
def test_the_last_one_is_there_whatever_the_app_does(items: tuple[str, ...]) -> None:
    steps = [*TWO, read("u1", 3, *items)]
    assert found(UPDATES, steps).verdict is Verdict.BROKEN
    assert found(CONTINUITY, steps).verdict is Verdict.BROKEN
    assert fate(*steps) is Fate.WRONG_DATA


def test_of_two_writes_at_once_either_may_be_the_last() -> None:
    steps = [LOGIN, write("u1", 1, "u1.1", took=1), write("u1", 1.5, "u1.2", took=1, tab=1)]
    for item in ("u1.1", "u1.2"):
        assert fate(*steps, read("u1", 3, item)) is Fate.KEPT
        assert found(UPDATES, [*steps, read("u1", 3, item)]).verdict is Verdict.UNKNOWN


def test_what_nobody_knows_the_outcome_of_may_come_late_and_replace_the_last() -> None:
    unknown = write("u1", 0.5, "u1.9", status=502, outcome=Ending.UNKNOWN)
    assert fate(*TWO, unknown, read("u1", 3, "u1.9")) is Fate.KEPT
    assert found(UPDATES, [*TWO, unknown, read("u1", 3, "u1.9")]).verdict is Verdict.UNKNOWN


def test_where_anybody_was_shown_two_of_their_own_a_missing_one_is_lost() -> None:
    steps = [*TWO, read("u1", 3, "u1.2"), login("u2", 0), *SEVERAL]
    assert fate(*steps) is Fate.WRONG_DATA
    for check in (UPDATES, CONTINUITY):
        assert found(check, steps).verdict is Verdict.BROKEN
    others = [*TWO, read("u1", 3, "u1.2"), login("u3", 0), read("u3", 1, "u1.1", "u1.2")]
    assert fate(*others) is Fate.KEPT, "two of somebody else's say nothing of one's own"


def test_the_page_judges_everybody_anew_once_somebody_is_shown_two() -> None:
    standings = Standings()
    for one in [*TWO, read("u1", 3, "u1.2")]:
        standings.add(one.op)
    assert [user.fate for user in standings.judged()] == [Fate.KEPT]
    for one in SEVERAL:
        standings.add(one.op)
    assert [user.fate for user in standings.judged()] == [Fate.WRONG_DATA, Fate.KEPT]
