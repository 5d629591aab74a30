"""Good histories with answers taken out: no verdict gets better by that, and none is ignored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.record.history import ERROR, Operation, ending_of
from sessionlab.lab.reports.stored import Stored, read
from sessionlab.lab.verdicts.fates import Fate, User, tally, users
from tests.lab.lives import Life, lives

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

RECORDED = {scenario.name: scenario for scenario in read(Path(__file__).parent / "recorded")}


def unanswered(operation: Operation) -> Operation:
    """The same request, and silence."""
    return replace(
        operation,
        status=None,
        outcome=ending_of(operation.method, None, sent=True),
        node=None,
        user=None,
        items=None,
        version=None,
        verdict="",
        reason="",
        error="TimeoutError: ",
        who=ERROR,
    )


def silenced(operations: Sequence[Operation], which: AbstractSet[int]) -> list[Operation]:
    return [unanswered(op) if n in which else op for n, op in enumerate(operations)]


def only(history: list[Operation]) -> User:
    (user,) = users(history)
    return user


def is_told(operation: Operation, user: User) -> bool:
    """Whether a verdict says that this was not answered."""
    stuck = user.fate is Fate.STUCK and user.at is not None and user.at.invoked <= operation.invoked
    return stuck or any(
        one.began <= operation.invoked and operation.completed <= one.ended
        for one in user.interruptions
    )


which = st.sets(st.integers(0, 20))  # 0 is the login


@given(lives(), which)
def test_every_request_without_an_answer_is_told(life: Life, taken: set[int]) -> None:
    operations = silenced(life.operations, taken)
    user = only(operations)
    assert all(is_told(op, user) for op in operations if op.status is None)
    silent = 0 in taken or operations[-1].status is None
    assert user.fate in ((Fate.STUCK,) if silent else (Fate.KEPT, Fate.MOVED))


@given(lives(), which, st.sampled_from(["401", "another's identity", "another's cart"]))
def test_what_was_lost_stays_lost_whatever_else_gets_no_answer(
    life: Life, taken: set[int], how: str
) -> None:
    match how:
        case "401":
            life.ask("GET", "/me", 401)
        case "another's identity":
            life.ask("GET", "/me", 200, user="mallory")
        case _:
            life.ask("GET", "/cart", 200, items=("mallory's book",))
    bad = len(life.operations) - 1
    life.me()
    before = only(life.operations).fate
    after = only(silenced(life.operations, taken - {0, bad})).fate
    assert list(Fate).index(after) >= list(Fate).index(before)


@pytest.mark.parametrize("scenario", RECORDED.values(), ids=RECORDED)
@given(data=st.data())
def test_a_recorded_run_whose_servers_fall_silent_leaves_all_who_ask_on_stuck(
    scenario: Stored, data: st.DataObject
) -> None:
    operations = list(scenario.history)
    since = data.draw(st.integers(1, len(operations) - 1))
    changed = silenced(operations, set(range(since, len(operations))))
    fates = {(one.cluster, one.client, one.tab): one.fate for one in users(changed)}
    asked_on = [
        op
        for op in changed[since:]
        if op.credential
        and not op.direct
        and op.conversation != "logout"
        and (op.cluster, op.client, op.tab) in fates
        and not _has_left(op, changed)
    ]
    assert {fates[op.cluster, op.client, op.tab] for op in asked_on} <= {
        Fate.STUCK,
        Fate.WRONG_DATA,
    }
    assert sum(tally(users(changed)).values()) == len(fates)


def _has_left(operation: Operation, history: Sequence[Operation]) -> bool:
    """Whether its user was told before that its session is over."""
    return any(
        op.conversation == "logout" and op.status == 204 and op.completed <= operation.invoked
        for op in history
        if (op.cluster, op.client) == (operation.cluster, operation.client)
    )
