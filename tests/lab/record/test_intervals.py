"""Predicted and counted shares."""

from __future__ import annotations

import math
from random import Random

import pytest

from sessionlab.lab.record.claims import judge
from sessionlab.lab.record.intervals import LEVEL, Counted, Predicted, Z, newcombe, student


def test_an_interval_reads_as_a_person_says_it() -> None:
    assert str(Counted(147, 200, "moved")) == (
        "147 of 200 moved, so 56 % to 86 % (chance alone would miss that once in 1,000,000 runs)"
    )
    assert str(Predicted(0.75, "moved")) == "75 % moved"


@pytest.mark.parametrize(("part", "whole"), [(147, 200), (1, 10), (50, 100), (399, 400)])
def test_the_interval_s_ends_are_the_shares_that_would_just_bring_such_a_count_about(
    part: int, whole: int
) -> None:
    """That is how Wilson's interval is defined: Z standard errors from the count, at each end."""
    for end in Counted(part, whole, "").interval:
        distance = abs(part / whole - end)
        assert distance == pytest.approx(Z * math.sqrt(end * (1 - end) / whole))


def test_none_and_all_include_their_end_and_nothing_counted_says_nothing() -> None:
    assert Counted(0, 50, "").interval[0] == 0
    assert Counted(50, 50, "").interval[1] == 1
    assert Counted(0, 0, "").interval == (0, 1)
    assert Predicted(0, "").accepts(Counted(0, 400, ""))
    assert Predicted(1, "").accepts(Counted(400, 400, ""))


@pytest.mark.parametrize("share", [0.25, 0.5, 2 / 3])
def test_a_right_prediction_holds_and_a_wrong_one_does_not(share: float) -> None:
    random = Random(1)
    for _ in range(200):
        seen = Counted(sum(random.random() < share for _ in range(400)), 400, "moved")
        assert judge("", Predicted(share, "moved"), seen).holds
        assert not judge("", Predicted(share + 0.3, "moved"), seen).holds


def test_a_prediction_is_about_a_count() -> None:
    assert not Predicted(0.5, "").accepts(0.5)
    assert LEVEL > 0.9999


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),  # the article's own table II, method 10
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 20), (10, 10), 0.6791, 1.0),
    ],
)
def test_the_difference_of_two_shares_has_newcombe_s_interval(
    one: tuple[float, float], other: tuple[float, float], low: float, high: float
) -> None:
    found = newcombe(one, other, 1.959964)
    assert found == pytest.approx((low, high), abs=0.0002)
    assert newcombe(other, one, 1.959964) == pytest.approx((-high, -low), abs=0.0002)


@pytest.mark.parametrize(
    ("level", "freedom", "reach"),
    [(0.95, 10, 2.228), (0.999, 5, 6.869), (0.999, 15, 4.073), (0.999, 60, 3.460)],
)
def test_few_groups_make_an_interval_wider(level: float, freedom: int, reach: float) -> None:
    assert student(level, freedom) == pytest.approx(reach, rel=0.025)
