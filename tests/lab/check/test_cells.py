from __future__ import annotations

from sessionlab.lab.check.cells import judge, own, why
from sessionlab.lab.check.results import Counts
from tests.lab.check.recorded import did

ALICE = ["alice"]


def test_a_user_is_judged_by_all_that_happened_to_it() -> None:
    kept = [did("alice", "login", ""), did("alice", "me"), did("alice", "me")]
    assert judge(kept, (), ALICE)[1] == Counts(kept=1)
    moved = [*kept, did("alice", "me", node="n2")]
    assert judge(moved, (), ALICE)[1] == Counts(moved=1)
    out = [*moved, did("alice", "me", "nobody", node="n3")]
    assert judge(out, (), ALICE)[1] == Counts(logged_out=1)


def test_of_a_user_that_was_never_seen_nothing_is_known() -> None:
    assert judge([], (), ALICE)[1] == Counts(unknown=1)


def test_what_happens_in_a_second_tab_happens_to_the_user() -> None:
    operations = [
        did("alice", "login", ""),
        did("alice", "me"),
        did("alice", "me", "nobody", node="n2", tab=1),
    ]
    assert judge(operations[:2], (), ALICE)[1] == Counts(kept=1)
    assert judge(own(operations, 0), (), ALICE)[1] == Counts(logged_out=1)


def test_errors_that_ended_are_interruptions() -> None:
    operations = [
        did("alice", "login", ""),
        did("alice", "me"),
        did("alice", "me", "error"),
        did("alice", "me"),
    ]
    assert judge(operations, (), ALICE)[1] == Counts(kept=1, interrupted=1)


def test_what_an_earlier_ordeal_wrote_or_the_app_itself_is_no_fault() -> None:
    before = [did("alice", "login", ""), did("alice", "write", item="data-1")]
    now = [
        did("alice", "login", "", tab=1),
        did("alice", "write", item="data-2", tab=1),
        did("alice", "read", items=("welcome", "data-1", "data-2"), tab=1),
    ]
    mine = own([*before, *now], len(before))
    assert mine[-1].items == ("data-2",)
    assert judge(mine, (), ALICE)[1] == Counts(kept=1)


def test_an_item_of_somebody_else_stays_a_fault() -> None:
    now = [
        did("bob", "login", ""),
        did("bob", "write", item="data-9"),
        did("alice", "login", ""),
        did("alice", "read", items=("data-9",)),
    ]
    assert judge(own(now, 0), (), ALICE)[1] == Counts(wrong_data=1)


def test_a_credential_that_outlives_its_logout_is_told() -> None:
    left = [did("alice", "login", ""), did("alice", "logout", ""), did("alice", "me", "nobody")]
    replays = [did("alice", "me", direct=True), did("alice", "me", "nobody", direct=True)]
    judged, counts = judge([*left, *replays], (), ALICE)
    assert counts == Counts(kept=1), "nobody was lost"
    assert why(judged, [*left, *replays]) == (
        "after the logout the old credential of 1 of 1 users is still accepted"
        " (1 of 2 times, asked at every copy)"
    )
    assert why(judged, [*left, replays[1]]) == ""
