"""How a difference is said."""

from __future__ import annotations

import pytest

from sessionlab.lab.viewer.comparing.both import Figure
from sessionlab.lab.viewer.comparing.comparison import Change, Comparison, drawn, rounded

LATENCY = Figure("latency", "p99", "ms", more_is_worse=True)
USERS = Figure("users", "lost", "% of users", more_is_worse=True)


@pytest.mark.parametrize(
    ("low", "high", "change", "said"),
    [
        (3.0, 8.24, Change.WORSE, "p99 4.1 → 9.8 ms, 3 to 8.24 more"),
        (-8.0, -3.0, Change.BETTER, "p99 4.1 → 9.8 ms, 3 to 8 less"),
        (-1.0, 2.0, Change.SAME, "no difference seen"),
        (0.0, 0.0, Change.SAME, "no difference seen"),
    ],
)
def test_a_measure_says_from_what_to_what(
    low: float, high: float, change: Change, said: str
) -> None:
    a, b = (4.1, 9.8)
    measure = LATENCY.changed(*((a, b) if low >= 0 else (b, a)), low, high)

    assert measure.change is change
    assert measure.said.replace("9.8 → 4.1", "4.1 → 9.8") == said


def test_shares_differ_by_points() -> None:
    lost = Figure("users", "lost", "% of users", more_is_worse=True).changed(2, 18.5, 9, 25)

    assert lost.said == "lost 2 → 18.5 % of users, 9 to 25 points more"
    assert lost.difference == "+16.5 points"


def test_what_is_neither_good_nor_bad_is_different() -> None:
    moved = Figure("users", "moved", "% of users", more_is_worse=None)

    assert moved.changed(0, 50, 20, 70).change is Change.DIFFERENT


def test_a_difference_within_the_margin_is_none() -> None:
    assert LATENCY.scaled(10.0, 10.3, 0.001, 50).change is Change.SAME
    assert LATENCY.scaled(10.0, 11.3, 0.001, 50).change is Change.WORSE


def test_a_sentence_begins_with_users_and_has_one_of_each_kind() -> None:
    worse = LATENCY.changed(1, 2, 0.5, 1.5)
    stuck = Figure("users", "stuck", "% of users", more_is_worse=True)
    better = [USERS.changed(9, 0, -12, -5), stuck.changed(9, 0, -12, -5)]
    said = Comparison("one", measures=[*[worse] * 5, *better]).sentence

    assert said == "better: lost 9 → 0 % of users; worse: latency p99 1 → 2 ms"


def test_a_sentence_says_that_as_many_users_were_lost() -> None:
    worse = LATENCY.changed(1, 2, 0.5, 1.5)
    said = [
        Comparison("one", measures=[USERS.changed(a, b, -12, 12), worse]).sentence
        for a, b in ((0, 0), (9, 12))
    ]

    assert said == [
        "nobody was lost in either; worse: latency p99 1 → 2 ms",
        "lost 9 and 12 % of users (no difference seen); worse: latency p99 1 → 2 ms",
    ]


def test_of_several_stories_those_whose_users_changed_come_first_each_with_one_figure() -> None:
    worse, lost = LATENCY.changed(1, 2, 0.5, 1.5), USERS.changed(0, 9, 5, 12)
    several = [Comparison(name, measures=[worse]) for name in "abc"]
    page = drawn([*several, Comparison("d", measures=[worse, lost])], "A", "B")

    assert page.sentence == (
        "d worse: lost 0 → 9 % of users; a worse: latency p99 1 → 2 ms;"
        " b worse: latency p99 1 → 2 ms; 1 more changed"
    )


def test_what_changed_comes_first_in_the_table() -> None:
    measures = [USERS.changed(0, 0, -5, 5), LATENCY.lacking(None, 1), LATENCY.changed(1, 2, 1, 2)]
    rows = drawn([Comparison("one", measures=measures)], "A", "B").rows

    assert [row.said for row in rows] == [
        *("worse", "no difference seen"),
        "not comparable: not known in A",
    ]


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (0.0512, "0.0512"), (41.26, "41.3"), (12_345.0, "12,300")]
)
def test_figures_have_three_digits(value: float, said: str) -> None:
    assert rounded(value) == said
