"""Rise and fall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessionlab.balancer.backends.state import Finding, Seen
from sessionlab.balancer.health.rise_fall import RiseFall

checks = st.lists(st.booleans(), max_size=60)
counts = st.integers(1, 5)


def test_the_first_good_check_brings_a_new_backend_up() -> None:
    verdict = RiseFall(rise=3, fall=3)
    assert verdict.finding is Finding.DOWN
    assert verdict.see(Seen.GOOD)
    assert str(verdict.finding) == "ready"


def test_a_proven_backend_needs_rise_good_checks_to_come_back() -> None:
    verdict = RiseFall(3, 1, Finding.READY)
    assert verdict.see(Seen.BAD)
    assert [verdict.see(Seen.GOOD) for _ in range(3)] == [False, False, True]


def test_a_refused_request_takes_it_down_at_once() -> None:
    for finding in (Finding.READY, Finding.LEAVING):
        verdict = RiseFall(2, 3, finding)
        assert verdict.see(Seen.REFUSED)
        assert verdict.finding is Finding.DOWN
        assert not verdict.see(Seen.REFUSED), "it was down already"


def test_a_backend_that_asks_to_leave_leaves_at_once_and_comes_back_by_rising() -> None:
    verdict = RiseFall(2, 3, Finding.READY)
    assert verdict.see(Seen.ASKS_TO_LEAVE)
    assert verdict.finding is Finding.LEAVING
    assert [verdict.see(s) for s in (Seen.GOOD, Seen.ASKS_TO_LEAVE, Seen.GOOD)] == [False] * 3
    assert verdict.see(Seen.GOOD)
    assert str(verdict.finding) == "ready"


def test_a_backend_that_leaves_and_falls_silent_is_down() -> None:
    verdict = RiseFall(2, 3, Finding.LEAVING)
    assert [verdict.see(Seen.BAD) for _ in range(3)] == [False, False, True]
    assert verdict.finding is Finding.DOWN


@given(checks, counts, counts)
def test_it_turns_exactly_when_the_last_checks_agree(
    results: list[bool], rise: int, fall: int
) -> None:
    verdict = RiseFall(rise, fall, Finding.READY)
    up, streak = True, 0
    for good in results:
        turned = verdict.see(Seen.GOOD if good else Seen.BAD)
        streak = streak + 1 if good != up else 0
        expected = streak >= (rise if good else fall) if good != up else False
        if expected:
            up, streak = good, 0
        assert (turned, verdict.finding) == (expected, Finding.READY if up else Finding.DOWN)
