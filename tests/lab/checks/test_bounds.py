"""Bounds: read, with the nearest name, and met, broken, or unknown."""

from __future__ import annotations

import pytest

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.bounds import Bound, met, names, parse, seen
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.errors import UsageError


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [
        ("lost", 0, Bound("lost", "<=", 0)),
        ("lost", "5", Bound("lost", "<=", 5)),
        ("lost", " == 1_000 ", Bound("lost", "==", 1000)),
        ("p99_ms", "<= 50", Bound("p99_ms", "<=", 50, "ms")),
        ("p99_ms", "< 50ms", Bound("p99_ms", "<", 50, "ms")),
        ("longest_interruption_ms", "< 1 s", Bound("longest_interruption_ms", "<", 1000, "ms")),
        ("p99_ms", "< 0.5 s", Bound("p99_ms", "<", 500, "ms")),
        ("recovery_s", "<= 250 ms", Bound("recovery_s", "<=", 0.25, "s")),
        ("served", ">= 99.9 %", Bound("served", ">=", 99.9, "%")),
        ("jain", "> .9", Bound("jain", ">", 0.9)),
    ],
)
def test_a_bound_is_read(name: str, value: object, bound: Bound) -> None:
    assert parse(name, value) == bound


@pytest.mark.parametrize(
    ("name", "value", "said", "hint"),
    [
        ("p99", 1, "no check has a figure 'p99'", "did you mean p99_ms?"),
        ("blast-radius", 1, "no check has a figure", "did you mean blast_radius?"),
        ("xyz", 1, "no check has a figure 'xyz'", "there are: "),
        ("lost", "few", "lost = 'few' is no bound", 'write 5, "<= 5"'),
        ("lost", "=< 5", "is no bound", "write 5"),
        ("lost", "<= 5 6", "is no bound", "write 5"),
        ("lost", "", "is no bound", "write 5"),
        ("lost", "-1", "is no bound", "write 5"),
        ("lost", True, "lost = True is no bound", "write 5"),
        ("lost", None, "is no bound", "write 5"),
        ("lost", [1], "is no bound", "write 5"),
        ("lost", float("nan"), "is no bound", "write 5"),
        ("lost", "5 ms", "lost is a count, not in 'ms'", "write 5"),
        ("served", "99 s", "served is in %, not in 's'", "write 5"),
        ("p99_ms", "5 m", "p99_ms is in ms, not in 'm'", "write 5"),
    ],
)
def test_what_can_t_be_read_is_said(name: str, value: object, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(name, value)
    assert said in str(caught.value)
    assert hint in caught.value.hint


def finding(**figures: float | None) -> list[Finding]:
    return [Finding("other", Verdict.HOLDS, ""), Finding("one", Verdict.SHOWN, "", figures)]


@pytest.mark.parametrize(
    ("text", "value", "is_met"),
    [
        ("<= 5", 5, True),
        ("<= 5", 6, False),
        ("< 5", 5, False),
        ("< 5", 4.9, True),
        (">= 5", 5, True),
        (">= 5", 4.9, False),
        ("> 5", 5, False),
        ("> 5", 5.1, True),
        ("== 5", 5, True),
        ("== 5", 4, False),
        (5, 5, True),
        ("<= 5", None, None),
    ],
)
def test_a_bound_at_its_border(text: object, value: float | None, is_met: bool | None) -> None:
    assert met(parse("lost", text), finding(lost=value)) is is_met


def test_nobody_knows_a_figure_that_is_not_there() -> None:
    assert met(parse("lost", 0), []) is None
    assert met(parse("lost", 0), finding(errors=0)) is None
    assert seen(parse("lost", 0), finding(errors=0)) == "unknown"
    assert seen(parse("p99_ms", 0), finding(p99_ms=1.5)) == "1.5 ms"


@pytest.mark.parametrize(
    ("value", "most", "is_met"), [(0, 0, True), (0, 1, None), (1, 2, False), (None, 1, None)]
)
def test_unknown_outcomes_count_as_both(value: int | None, most: int, is_met: bool | None) -> None:
    assert met(parse("revived", 0), finding(revived=value, revived_at_most=most)) is is_met


def test_a_check_that_could_not_be_made_meets_nothing() -> None:
    unmade = [Finding("one", Verdict.UNKNOWN, "", {"lost": 0, "errors": 5})]
    assert met(parse("lost", 0), unmade) is None
    assert met(parse("errors", 0), unmade) is False


def test_no_two_checks_have_a_figure_of_the_same_name() -> None:
    assert len(names()) == sum(len(check.figures) for check in CHECKS.values())


def test_what_is_read_is_said_again() -> None:
    for bound in (parse("p99_ms", "< 0.5 s"), parse("lost", 0), parse("served", ">= 99.9 %")):
        assert parse(bound.name, str(bound).removeprefix(bound.name)) == bound
