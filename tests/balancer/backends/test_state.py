"""The table of states: whole, and without surprises."""

from __future__ import annotations

from itertools import product

from sessionlab.balancer.backends.state import (
    AFTERWARDS,
    ASKABLE,
    FINDINGS,
    MEANING,
    TABLE,
    Event,
    Finding,
    Seen,
    State,
    state,
)


def test_the_table_knows_every_pair_and_every_state_has_a_meaning() -> None:
    assert set(TABLE) == set(product(ASKABLE, Finding))
    assert set(MEANING) == set(State)
    reached = {*TABLE.values(), *AFTERWARDS.values()}
    assert reached == set(State), "no state is out of reach"


def test_every_finding_can_become_every_other() -> None:
    for one in Finding:
        assert {FINDINGS[one, seen][0] for seen in Seen if (one, seen) in FINDINGS} == (
            set(Finding) - {one}
        )


def test_who_takes_new_clients_keeps_its_own() -> None:
    for means in MEANING.values():
        assert means.keeps_pinned or not means.takes_new


def test_only_a_healthy_backend_that_nobody_took_out_takes_new_clients() -> None:
    for asked, found, overdue, failing in product(ASKABLE, Finding, (False, True), (False, True)):
        made = state(asked, found, overdue=overdue, failing=failing)
        fit = asked is State.UP and found is Finding.READY and not failing
        assert MEANING[made].takes_new == fit
        if found is Finding.DOWN or asked is State.MAINTENANCE:
            assert not MEANING[made].keeps_pinned


def test_time_and_failures_only_ever_take_away() -> None:
    for (before, event), after in AFTERWARDS.items():
        assert MEANING[after].keeps_pinned <= MEANING[before].keeps_pinned, (before, event)
    assert (State.DOWN, Event.LIMIT_PASSED) not in AFTERWARDS, "down is not moved to drained"
