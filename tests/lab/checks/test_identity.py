"""Somebody else's data is seen wherever it comes."""

from __future__ import annotations

from sessionlab.lab.checks.identity import IDENTITY
from sessionlab.lab.checks.interface import Verdict
from tests.lab.checks.histories import found, login, read, step, write

GOOD = [
    login("u1", 0),
    write("u1", 1, "u1.1"),
    read("u1", 2, "u1.1"),
    login("u2", 0),
    write("u2", 1, "a book"),
    write("u4", 1, "a book"),
    read("u2", 2, "a book"),
]


def test_everybody_for_itself_holds() -> None:
    finding = found(IDENTITY, GOOD)
    assert finding.verdict is Verdict.HOLDS
    assert finding.figures == {"taken_for_another": 0, "others_items": 0, "strangers": 0}


def test_nothing_said_is_unknown() -> None:
    assert found(IDENTITY, []).verdict is Verdict.UNKNOWN
    finding = found(IDENTITY, [step("u1", "me", 0, status=500)])
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.figures["strangers"] is None


def test_who_is_taken_for_another_breaks_it() -> None:
    finding = found(IDENTITY, [*GOOD, step("u1", "me", 3, user="u2")])
    assert finding.verdict is Verdict.BROKEN
    assert finding.figures["taken_for_another"] == 1
    assert list(finding.evidence) == ["u1 at 3.000 s: me: was taken for u2"]


def test_no_excuse_counts() -> None:
    for excuse in ({"direct": True}, {"given_up": True}, {"tab": 1000}, {"status": 500}):
        finding = found(IDENTITY, [step("u1", "me", 3, **{"user": "u2", **excuse})])
        assert finding.verdict is Verdict.BROKEN, excuse


def test_an_item_of_a_named_owner_breaks_it_although_nobody_wrote_it() -> None:
    finding = found(IDENTITY, [*GOOD, read("u1", 3, "u1.1", "u4.4")])
    assert finding.verdict is Verdict.BROKEN
    assert finding.figures["others_items"] == 1
    assert list(finding.evidence) == ["u1 at 3.000 s: read: was shown u4.4"]


def test_an_item_that_only_another_wrote_breaks_it() -> None:
    finding = found(IDENTITY, [*GOOD, read("u4", 3, "a book"), read("u6", 3, "a book")])
    assert finding.figures["strangers"] == 1
    assert list(finding.evidence) == ["u6 at 3.000 s: read: was shown a book"]


def test_the_owner_may_be_in_another_shard() -> None:
    for item in ("u2.7", "a book"):
        finding = found(IDENTITY, [*GOOD, read("u1", 3, item)])
        assert finding.figures["others_items"] == 1
        assert list(finding.evidence) == [f"u1 at 3.000 s: read: was shown {item}"]


def test_an_item_of_nobody_is_no_other_users() -> None:
    assert found(IDENTITY, [*GOOD, read("u2", 3, "a lamp")]).verdict is Verdict.HOLDS
