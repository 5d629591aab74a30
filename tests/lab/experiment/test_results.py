"""What an experiment comes to: its outcome, its exit status, and the sentence on top."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.experiment.as_text import to_text
from sessionlab.lab.experiment.results import Foretold, Judged, Report, Result

KEPT = Finding("continuity", Verdict.HOLDS, "9 kept", {"lost": 0})
LOST = Finding(
    "continuity",
    Verdict.BROKEN,
    "3 logged out",
    {"lost": 3, "kept": 6},
    ["3 of 9 users were lost: n1 was killed"],
)
MIXED_UP = Finding("identity", Verdict.BROKEN, "u1 was shown what is u2's", {"mixed_up": 1})
UNKNOWN = Finding("continuity", Verdict.UNKNOWN, "nobody could log in")
MET = Judged("lost", "lost <= 3", met=True, saw="3")
SOME = Judged("kept", "kept >= 1", met=True, saw="6")
PASSED = Judged("lost", "lost <= 0", met=False, saw="3")
DOUBT = Judged("p99_ms", "p99_ms <= 5", met=None, saw="unknown")


def result(*findings: Finding, bounds: tuple[Judged, ...] = (), **more: object) -> Result:
    return Result("x", 1, "a title", findings=findings, bounds=bounds, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "status"),
    [
        (result(KEPT), 0),
        (result(LOST), 1),
        (result(LOST, bounds=(MET,)), 0),
        (result(LOST, bounds=(PASSED,)), 1),
        (result(LOST, bounds=(SOME,)), 1),
        (result(KEPT, bounds=(DOUBT,)), 3),
        (result(KEPT, predictions=[Foretold("a", "33 %", "9 of 9", agrees=False)]), 1),
        (result(KEPT, predictions=[Foretold("a", "33 %", "nothing", agrees=None)]), 0),
        (result(UNKNOWN), 3),
        (result(), 3),
        (result(replace(UNKNOWN, check="identity")), 3),
        (result(KEPT, replace(UNKNOWN, check="identity")), 0),
        (result(KEPT, trouble="no descriptor left"), 3),
        (result(LOST, trouble="no descriptor left"), 3),
        (result(KEPT, interrupted=True), 130),
        (result(KEPT, MIXED_UP), 1),
        (result(MIXED_UP, trouble="no descriptor left"), 1),
        (result(MIXED_UP, interrupted=True), 1),
        (result(MIXED_UP, bounds=(Judged("mixed_up", "mixed_up <= 9", met=True, saw="1"),)), 1),
    ],
)
def test_the_exit_status(of: Result, status: int) -> None:
    assert of.exit_status == status


def test_the_first_thing_said_is_who_was_lost_and_why() -> None:
    assert result(LOST).sentence == "3 of 9 users were lost: n1 was killed"
    assert result(KEPT).sentence == "nobody was lost: 9 kept"
    assert result(KEPT, MIXED_UP).sentence == "u1 was shown what is u2's"
    assert result(trouble="a\nb").sentence == "nothing is said of users: a"


STUCK = replace(LOST, said="3 stuck", figures={"lost": 3, "stuck": 3})


@pytest.mark.parametrize(
    ("of", "status"),
    [
        (result(KEPT), 3),
        (result(KEPT, bounds=(MET,)), 3),
        (result(STUCK, bounds=(PASSED,)), 3),
        (result(LOST), 1),
        (result(LOST, bounds=(PASSED,)), 1),
        (result(LOST, bounds=(MET,)), 3),
        (result(KEPT, bounds=(Judged("kept", "kept >= 99", met=False, saw="9"),)), 3),
        (result(KEPT, predictions=[Foretold("a", "33 %", "9 of 9", agrees=False)]), 3),
        (result(KEPT, MIXED_UP), 1),
    ],
)
def test_of_a_run_that_was_cut_only_what_can_not_be_mended_any_more_is_said(
    of: Result, status: int
) -> None:
    assert of.as_far().exit_status == status


def test_a_matrix_is_as_bad_as_its_worst_cell_and_one_that_is_left_is_not_shown() -> None:
    whole = Report("x", "x.toml", 1, "local", "builtin", [result(KEPT), result(KEPT)])
    assert whole.exit_status == 0
    assert replace(whole, results=[result(KEPT), result(LOST)]).exit_status == 1
    assert replace(whole, left=["y"]).exit_status == 3
    assert replace(whole, results=[]).exit_status == 3


def test_what_could_not_even_begin_has_its_reason_alone() -> None:
    """A disk that is full, no files left: there is no result to tell of."""
    nothing = Report("x", "x.toml", 1, "local", "builtin", [], left=["x"], cut_short="no room")
    assert [line.plain for line in to_text(nothing, "again")][1] == "no room"
