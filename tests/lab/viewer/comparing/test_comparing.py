"""Two runs compared: alike, one worse, one empty, one cut, and of two apps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.record.packed.reader import read
from sessionlab.lab.viewer.comparing.comparing import of_cases
from sessionlab.lab.viewer.comparing.comparison import LEVEL, Change, drawn, exit_status
from tests.lab.checks.histories import login, step
from tests.lab.viewer.comparing.runs import case, run

if TYPE_CHECKING:
    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.viewer.comparing.comparison import Comparison, Measure

PAIRS = 20
CHANGES = (Change.WORSE, Change.BETTER, Change.DIFFERENT)


def compared(a: Case, b: Case) -> Comparison:
    return of_cases("one", a, b)


def measure(comparison: Comparison, what: str) -> Measure:
    return next(one for one in comparison.measures if one.what == what)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_of_many_pairs_of_like_runs_hardly_any_figure_differs() -> None:
    pairs = [compared(run(2 * seed, 30), run(2 * seed + 1, 30)) for seed in range(PAIRS)]

    figures = sum(one.low is not None for pair in pairs for one in pair.measures)
    false = [one.said for pair in pairs for one in pair.with_change(*CHANGES)]

    assert len(false) <= 3 * (1 - LEVEL) * figures, false


def test_a_run_beside_itself_has_no_difference() -> None:
    comparison = compared(run(1), run(1))

    assert {one.change for one in comparison.measures} == {Change.SAME, Change.UNKNOWN}
    assert comparison.sentence.startswith("no difference seen in ")
    assert exit_status([comparison]) == 0


def test_where_each_of_a_few_users_fared_alike_that_is_no_proof_of_all() -> None:
    """Whichever of them are drawn anew, the figure is the same: its interval had no width."""
    served, failed = (
        case(
            [
                one
                for n in range(6)
                for one in (login(f"u{n}", 0.1), step(f"u{n}", "me", 1.2, **how))
            ]
        )
        for how in ({}, {"status": 503})
    )
    worst = measure(compared(served, failed), "served, worst second")

    assert (worst.a, worst.b) == (100, 0)
    assert worst.low is not None
    assert worst.high is not None
    assert worst.low == -100
    assert worst.high > -50


def test_users_who_are_lost_more_often_are_seen() -> None:
    lost = measure(compared(run(1, 80, lost=0.0), run(2, 80, lost=0.6)), "logged out")

    assert lost.change is Change.WORSE
    assert lost.low is not None
    assert 0 < lost.low < (lost.b or 0)
    assert lost.said.startswith("logged out 0 → ")
    assert lost.said.endswith(" points more")


def test_what_is_worse_one_way_is_better_the_other() -> None:
    fast, slow = run(1, slower=1.0), run(2, slower=2.5)
    worse, better = compared(fast, slow), compared(slow, fast)

    assert measure(worse, "p50").change is Change.WORSE
    assert measure(better, "p50").change is Change.BETTER
    assert measure(better, "p50").said.endswith(" less")
    assert (exit_status([worse]), exit_status([better])) == (1, 0)
    assert "; worse: latency p50 " in worse.sentence


def test_writes_that_are_forgotten_are_seen() -> None:
    comparison = compared(run(1, forgets=0.0), run(2, forgets=0.4))

    assert measure(comparison, "lost writes").change is Change.WORSE


def test_what_one_user_alone_does_is_no_difference_between_runs() -> None:
    comparison = compared(run(1, errors=0.0), _with_one_that_fails(run(1, errors=0.0)))

    failed = measure(comparison, "not served")
    assert (failed.a, failed.change) == (0, Change.SAME)
    assert (failed.b or 0) > 1, "percent of all requests, all of one user's"


def _with_one_that_fails(whole: Case) -> Case:
    rows = read(whole.stored.shards()[0])
    changed = rows.rows.copy()
    changed["who"][: len(changed) // 40] = 3
    changed["status"][: len(changed) // 40] = 503
    stored = replace(whole.stored, names=[replace(rows, rows=changed, _columns={})])
    return replace(whole, stored=stored)


def test_where_nobody_came_nothing_can_be_compared() -> None:
    comparison = compared(run(1), case([]))

    assert {one.change for one in comparison.measures} == {Change.UNKNOWN}
    assert exit_status([comparison]) == 3
    assert comparison.sentence == "nothing can be compared: nobody logged in in B"
    assert exit_status([]) == 3


def test_three_users_are_too_few_to_say_how_latency_differs() -> None:
    p99 = measure(compared(run(1, 3), run(2, 3, slower=5)), "p99")

    assert p99.said == "not comparable: too few users or seconds"
    assert p99.a is not None


def test_of_different_apps_only_their_users_are_compared() -> None:
    shop, forum = run(1, told={"app": "shop"}), run(2, lost=0.9, told={"app": "forum"})
    comparison = compared(shop, forum)

    assert comparison.notes[0].startswith("different apps: shop, forum")
    assert measure(comparison, "logged out").change is Change.WORSE
    for what in ("p50", "throughput", "lost writes"):
        assert measure(comparison, what).said == "not comparable: different apps"


def test_what_was_asked_for_otherwise_and_what_was_cut_is_said() -> None:
    one, other = run(1), run(2, told={"strategies": {"app": "jwt"}, "nodes": 5})
    comparison = compared(one, replace(other, cut=["history/0-3.ops ends in the middle"]))

    assert [(one.what, one.a, one.b) for one in comparison.asked] == [
        ("strategy", "redis", "jwt"),
        ("seed", "1", "2"),
        ("nodes", "", "5"),
    ]
    assert comparison.notes == ["B: history/0-3.ops ends in the middle"]


def test_the_same_runs_have_the_same_comparison() -> None:
    assert compared(run(1), run(2)) == compared(run(1), run(2))


def test_a_page_shows_each_figure_in_a_row() -> None:
    comparison = compared(run(1), run(2, slower=3.0))
    shown = drawn([comparison], "runs/a", "runs/b")

    by_name = {row.what: row for row in shown.rows}
    assert by_name["seed"].said == "asked for"
    assert by_name["p50"].said == "worse"
    assert by_name["p50"].difference.startswith("+")
    assert by_name["kept"].said == "no difference seen"
    assert by_name["accepted after logout"].said.startswith("not comparable: ")
    assert (shown.a, shown.sentence) == ("runs/a", comparison.sentence)
    several = drawn([comparison, comparison], "a", "b")
    assert {row.what for row in several.rows} >= {"one: p50"}


@pytest.mark.parametrize("name", ["<script>", "ü\nx", ""])
def test_users_of_any_name_are_compared(name: str) -> None:
    assert compared(run(1, told={"app": name}), run(2, told={"app": name})).with_change(Change.SAME)
