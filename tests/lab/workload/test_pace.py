"""When operations are to begin."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.workload.model import Stage
from sessionlab.lab.workload.pace import Rate


def times(rate: Rate) -> list[float]:
    return [rate.time_of(number) for number in range(math.ceil(rate.operations))]


def test_a_rate_spreads_operations_evenly() -> None:
    assert times(Rate([Stage(0, 4)], 1.5)) == [0, 0.25, 0.5, 0.75, 1.0, 1.25]
    assert Rate([Stage(0, 4)], 1.5).time_of(6) == math.inf


def test_a_step_changes_it_at_once() -> None:
    rate = Rate([Stage(0, 2), Stage(1, 10), Stage(2, 0), Stage(3, 1)], 10)
    assert times(rate)[:4] == [0, 0.5, 1.0, 1.1]
    assert rate.operations == 2 + 10 + 0 + 7
    assert times(rate)[12:] == [3, 4, 5, 6, 7, 8, 9]


def test_a_ramp_changes_it_evenly() -> None:
    rate = Rate([Stage(0, 0), Stage(10, 20, ramp=True)], 12)
    assert rate.operations == 100 + 40
    assert rate.time_of(25) == pytest.approx(5)
    assert rate.time_of(100) == pytest.approx(10)
    assert rate.time_of(120) == pytest.approx(11)


@given(
    st.lists(st.tuples(st.floats(0.1, 5), st.floats(0, 50), st.booleans()), min_size=1, max_size=5),
    st.floats(0.5, 20),
)
def test_operations_follow_each_other_within_the_workload(
    said: list[tuple[float, float, bool]], seconds: float
) -> None:
    at, stages = 0.0, []
    for long, rate, ramp in said:
        stages.append(Stage(at, rate, ramp))
        at += long
    found = times(Rate(stages, seconds))
    assert found == sorted(found)
    assert all(0 <= one <= seconds + 1e-6 for one in found)
