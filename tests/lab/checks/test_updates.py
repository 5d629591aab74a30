"""What was acknowledged is found again: the rule of a cart, for all reads at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.checks.updates import UPDATES
from sessionlab.lab.record.history import Ending, Operation
from sessionlab.lab.verdicts.cart import Cart, shows_several
from tests.lab.checks.histories import Step, found, login, read, step, write

LOGIN = login("u1", 0)
FIRST = write("u1", 1, "u1.1")
UNKNOWN = write("u1", 2, "u1.2", status=502, outcome=Ending.UNKNOWN)
REFUSED = write("u1", 2, "u1.2", status=409)


def test_what_was_acknowledged_is_there() -> None:
    finding = found(UPDATES, [LOGIN, FIRST, read("u1", 2, "u1.1")])
    assert finding.verdict is Verdict.HOLDS
    assert (finding.figures["reads"], finding.figures["acknowledged"]) == (1, 1)


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    reads = [read("u1", 2), read("u1", 3), read("u1", 4, "u1.1")]
    finding = found(UPDATES, [LOGIN, FIRST, *reads])
    assert finding.verdict is Verdict.BROKEN
    assert (finding.figures["lost_writes"], finding.figures["wrong_reads"]) == (1, 2)
    assert finding.evidence[0] == "u1 at 2.000 s: read: u1.1 missing"


@pytest.mark.parametrize("items", [("u1.1",), ("u1.1", "u1.2")])
def test_what_nobody_knows_the_outcome_of_may_be_there_or_not(items: tuple[str, ...]) -> None:
    finding = found(UPDATES, [LOGIN, FIRST, UNKNOWN, read("u1", 3, *items)])
    assert finding.verdict is Verdict.HOLDS


@pytest.mark.parametrize("foreign", ["u1.9", "u1.2", "u2.1", "a book"])
def test_what_was_never_asked_for_or_refused_may_not(foreign: str) -> None:
    steps = [LOGIN, FIRST, REFUSED, read("u1", 3, "u1.1", foreign), login("u2", 0)]
    finding = found(UPDATES, steps)
    assert finding.verdict is Verdict.BROKEN
    assert finding.figures["foreign_items"] == 1
    assert f"{foreign} not its own" in finding.evidence[0]


def test_twice_is_once_too_often() -> None:
    twice = read("u1", 3, "u1.1", "u1.1")
    assert found(UPDATES, [LOGIN, FIRST, twice]).figures["foreign_items"] == 1
    both = [write("u1", 1, "a book"), write("u1", 2, "a book")]
    assert found(UPDATES, [LOGIN, *both, read("u1", 3, "a book", "a book")]).verdict == "holds"
    reads = [read("u1", 3, "a book"), read("u1", 4, "a book", "a book")]
    assert found(UPDATES, [LOGIN, *both, *reads]).figures["lost_writes"] == 1


def test_what_comes_later_need_not_be_there_and_may_not() -> None:
    steps = [LOGIN, FIRST, write("u1", 5, "u1.2")]
    assert found(UPDATES, [*steps, read("u1", 3, "u1.1")]).verdict is Verdict.HOLDS
    assert found(UPDATES, [*steps, read("u1", 3, "u1.1", "u1.2")]).verdict is Verdict.BROKEN


def test_of_two_at_once_one_may_have_seen_the_other_or_not() -> None:
    at_once = write("u1", 2, "u1.2", took=1, tab=1)
    for items in (("u1.1",), ("u1.1", "u1.2")):
        finding = found(UPDATES, [LOGIN, FIRST, at_once, read("u1", 2.5, *items)])
        assert finding.verdict is Verdict.HOLDS
    after = read("u1", 3.0, "u1.1")  # at the border: it was acknowledged before this began
    assert found(UPDATES, [LOGIN, FIRST, at_once, after]).verdict is Verdict.BROKEN


def test_a_write_must_show_itself_where_it_shows_anything() -> None:
    shows = write("u1", 2, "u1.2", items=("u1.1", "u1.2"))
    hides = write("u1", 2, "u1.2", items=("u1.1",))
    assert found(UPDATES, [LOGIN, FIRST, shows]).verdict is Verdict.HOLDS
    assert found(UPDATES, [LOGIN, FIRST, hides]).figures["lost_writes"] == 1


def test_a_new_session_need_not_have_what_the_old_one_had() -> None:
    again = login("u1", 2)
    for items in ((), ("u1.1",)):
        finding = found(
            UPDATES,
            [
                LOGIN,
                FIRST,
                again,
                read("u1", 3, *items),
                write("u1", 4, "u1.2"),
                read("u1", 5, *items, "u1.2"),
            ],
        )
        assert finding.verdict is Verdict.HOLDS


def test_a_refused_login_begins_nothing() -> None:
    again = login("u1", 2, status=401)
    assert found(UPDATES, [LOGIN, FIRST, again, read("u1", 3)]).verdict is Verdict.BROKEN


def test_after_a_logout_nothing_is_owed() -> None:
    out = step("u1", "logout", 2, status=204)
    assert found(UPDATES, [LOGIN, FIRST, out, read("u1", 3)]).verdict is Verdict.UNKNOWN
    unknown = step("u1", "logout", 2, status=None, outcome=Ending.UNKNOWN)
    nameless = read("u1", 3, user=None, who="")
    assert found(UPDATES, [LOGIN, FIRST, unknown, nameless]).verdict is Verdict.UNKNOWN
    assert found(UPDATES, [LOGIN, FIRST, unknown, read("u1", 3)]).verdict is Verdict.BROKEN


def test_who_asks_without_a_credential_has_left() -> None:
    bare = read("u1", 2, credential=0, user=None, who="")
    assert found(UPDATES, [LOGIN, FIRST, bare]).verdict is Verdict.UNKNOWN
    assert found(UPDATES, [LOGIN, FIRST, bare, read("u1", 3)]).verdict is Verdict.UNKNOWN


def test_what_no_login_begins_a_connection_does() -> None:
    enters = step("u1", "connect", 0, enters=True)
    again = step("u1", "connect", 2, enters=True)
    assert found(UPDATES, [enters, FIRST, again, read("u1", 3)]).verdict is Verdict.BROKEN
    lost = step("u1", "me", 1.5, status=401)
    assert found(UPDATES, [enters, FIRST, lost, again, read("u1", 3)]).verdict is Verdict.UNKNOWN


def test_tabs_that_never_logged_in_share_the_session_and_others_have_their_own() -> None:
    other = write("u1", 1, "u1.1", tab=1)
    assert found(UPDATES, [LOGIN, other, read("u1", 2)]).verdict is Verdict.BROKEN
    apart = [LOGIN, login("u1", 0, tab=1), other, read("u1", 2)]
    assert found(UPDATES, apart).verdict is Verdict.UNKNOWN
    shown = read("u1", 2, "u1.1")
    assert found(UPDATES, [*apart, shown]).figures["foreign_items"] == 0


def test_past_the_balancer_and_errors_show_nothing() -> None:
    for odd in ({"direct": True}, {"given_up": True}, {"status": 500}, {"who": "nobody"}):
        assert found(UPDATES, [LOGIN, FIRST, read("u1", 2, **odd)]).verdict is Verdict.UNKNOWN


def test_nothing_is_unknown() -> None:
    for steps in ([], [LOGIN, read("u1", 2)], [LOGIN, FIRST]):
        finding = found(UPDATES, steps)
        assert finding.verdict is Verdict.UNKNOWN
    assert found(UPDATES, []).figures["lost_writes"] is None


ITEMS = st.sampled_from(["u1.1", "u1.2", "u1.3", "a book"])
OUTCOMES = st.sampled_from([200, 200, 409, 502])


@st.composite
def sessions(draw: st.DrawFn) -> list[Step]:
    """One user's session: writes of two tabs, some of the same item, and reads."""
    steps, now = [LOGIN], 1.0
    for _ in range(draw(st.integers(0, 8))):
        now += draw(st.sampled_from([0.0, 0.5, 1.0]))
        tab, took = draw(st.integers(0, 1)), draw(st.sampled_from([0.0, 0.25, 0.5, 1.5]))
        shown = tuple(draw(st.lists(ITEMS, max_size=4)))
        if draw(st.booleans()):
            steps.append(read("u1", now, *shown, tab=tab, took=took))
            continue
        status = draw(OUTCOMES)
        outcome = Ending.UNKNOWN if status == 502 else Ending.OK if status == 200 else Ending.FAILED
        more: dict[str, Any] = {"items": shown} if status == 200 and draw(st.booleans()) else {}
        item = draw(ITEMS)
        steps.append(
            write("u1", now, item, status=status, outcome=outcome, tab=tab, took=took, **more)
        )
    return steps


@given(sessions())
def test_it_is_the_rule_of_a_cart(steps: list[Step]) -> None:
    everything = [one.op for one in steps]
    cart = Cart(everything, everything, adds=shows_several(everything))
    own = [op for op in everything if op.tab == 0 and not op.enters]
    wrong = [op for op in own if cart.fault(op, everything[0])]
    finding = found(UPDATES, steps)
    assert finding.figures["wrong_reads"] == (len(wrong) if own_reads(own) else None)
    for op, line in zip(wrong, finding.evidence, strict=False):
        assert len(wrong) > 1 or line.endswith(cart.fault(op, everything[0]))


def own_reads(operations: list[Operation]) -> bool:
    return any(op.items is not None for op in operations)
