"""A credential that was logged out: who still accepts it, for how long."""

from __future__ import annotations

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.checks.revocation import REVOCATION
from sessionlab.lab.record.history import Ending
from tests.lab.checks.histories import Step, found, login, step

START = [login("u1", 0, credential=0), step("u1", "me", 1, credential=5)]
OUT = step("u1", "logout", 2, credential=5, status=204)
NO_ANSWER = step("u1", "logout", 2, credential=5, status=None, outcome=Ending.UNKNOWN)


def back(at: float, credential: int = 5, **more: object) -> Step:
    return step("u1", "me", at, **{"credential": credential, "tab": 1000, **more})


def test_refused_after_the_logout_holds() -> None:
    finding = found(REVOCATION, [*START, OUT, back(3, status=401)])
    assert finding.verdict is Verdict.HOLDS
    assert finding.figures["revived"] == 0


def test_accepted_after_the_logout_is_broken_and_says_for_how_long() -> None:
    finding = found(REVOCATION, [*START, OUT, back(3), back(4.51), back(5, status=401)])
    assert finding.verdict is Verdict.BROKEN
    assert finding.figures["revived"] == 2
    assert finding.figures["revived_credentials"] == 1
    assert finding.figures["revived_s"] == 2.5
    assert finding.figures["revived_last"] == 4.51
    assert "accepted 0.990 s after" in finding.evidence[0]


def test_what_was_under_way_when_the_logout_was_acknowledged_may_be_accepted() -> None:
    finding = found(REVOCATION, [*START, OUT, back(2.005), back(3, status=401)])
    assert finding.verdict is Verdict.HOLDS
    assert found(REVOCATION, [*START, OUT, back(2.01)]).verdict is Verdict.BROKEN


def test_another_credential_is_nothing_to_it() -> None:
    assert found(REVOCATION, [*START, OUT, back(3, credential=6)]).verdict is Verdict.UNKNOWN


def test_it_takes_a_logout_and_somebody_who_comes_back() -> None:
    for steps in ([], START, [*START, OUT], [*START, OUT, back(3, status=503)]):
        finding = found(REVOCATION, steps)
        assert finding.verdict is Verdict.UNKNOWN
        assert finding.figures["revived"] is None


def test_a_logout_of_unknown_outcome_counts_as_both() -> None:
    finding = found(REVOCATION, [*START, NO_ANSWER, back(3)])
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.figures["revived_at_most"] == 1
    own = step("u1", "me", 3, credential=5)
    assert found(REVOCATION, [*START, NO_ANSWER, own]).figures["revived_at_most"] == 0


def test_a_credential_given_out_again_counts_as_both() -> None:
    again = [login("u1", 3, credential=5), step("u1", "me", 4, credential=5)]
    finding = found(REVOCATION, [*START, OUT, *again])
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.figures["revived_at_most"] == 1


def test_a_logout_that_was_refused_ends_nothing() -> None:
    refused = step("u1", "logout", 2, credential=5, status=401)
    assert found(REVOCATION, [*START, refused, back(3)]).verdict is Verdict.UNKNOWN


def test_a_second_logout_or_login_with_it_is_no_acceptance() -> None:
    more = [step("u1", "logout", 3, credential=5, status=204), login("u1", 4, credential=5)]
    assert found(REVOCATION, [*START, OUT, *more]).figures["revived"] is None
