"""The benchmark's ratio of two things measured in turns."""

from __future__ import annotations

from random import Random

from benchmarks.balancer.paired import ratio


def test_a_machine_that_slows_down_for_both_changes_nothing() -> None:
    found = ratio([10.0, 30.0, 20.0], [20.0, 60.0, 40.0])
    assert (found.middle, found.low, found.high) == (0.5, 0.5, 0.5)


def test_one_disturbed_round_of_nine_is_outside_the_interval() -> None:
    found = ratio([1.0] * 8 + [9.0], [1.0] * 9)
    assert (found.middle, found.low, found.high) == (1.0, 1.0, 1.0)


def test_few_rounds_admit_that_anything_may_be() -> None:
    found = ratio([1.0, 1.1, 3.0], [1.0, 1.0, 1.0])
    assert (found.low, found.high) == (1.0, 3.0)


def test_the_interval_holds_the_true_median_nineteen_times_of_twenty() -> None:
    chance = Random(3)
    held = 0
    for _ in range(2000):
        found = ratio([chance.lognormvariate(0.0, 0.3) for _ in range(9)], [1.0] * 9)
        held += found.low <= 1.0 <= found.high
    assert held / 2000 > 0.95
