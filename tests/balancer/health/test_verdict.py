"""Rise and fall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from balancer.health.verdict import Verdict

checks = st.lists(st.booleans(), max_size=60)
counts = st.integers(1, 5)


def test_the_first_good_check_brings_a_new_backend_up() -> None:
    verdict = Verdict(rise=3, fall=3)
    assert not verdict.up
    assert verdict.passed()
    assert verdict.up


def test_a_proven_backend_needs_rise_good_checks_to_come_back() -> None:
    verdict = Verdict(rise=3, fall=1, up=True)
    assert verdict.failed()
    assert [verdict.passed() for _ in range(3)] == [False, False, True]


def test_a_refused_request_takes_it_down_at_once() -> None:
    verdict = Verdict(rise=2, fall=3, up=True)
    assert verdict.refused()
    assert not verdict.up
    assert not verdict.refused(), "it was down already"


@given(checks, counts, counts)
def test_it_turns_exactly_when_the_last_checks_agree(
    results: list[bool], rise: int, fall: int
) -> None:
    verdict = Verdict(rise, fall, up=True)
    up, streak = True, 0
    for good in results:
        turned = verdict.passed() if good else verdict.failed()
        streak = streak + 1 if good != up else 0
        expected = streak >= (rise if good else fall) if good != up else False
        if expected:
            up, streak = good, 0
        assert (turned, verdict.up) == (expected, up)
