"""How even requests are, over the nodes that were there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.checks.balance import BALANCE, jain
from sessionlab.lab.checks.interface import Verdict
from tests.lab.checks.histories import READY, STARTING, Step, event, found, step

TOLD = (STARTING, READY)


def asked(*nodes: str, seconds: range = range(1, 5), each: int = 12) -> list[Step]:
    return [
        step(f"u{number}", "me", second + number / 100, node=node)
        for second in seconds
        for number, node in enumerate(nodes * each)
    ]


def test_an_even_load_is_one() -> None:
    finding = found(BALANCE, asked("n1", "n2", "n3"), *TOLD, ended=5)
    assert finding.verdict is Verdict.SHOWN
    assert (finding.figures["jain"], finding.figures["jain_worst"]) == (1, 1)
    assert finding.figures["busiest"] == pytest.approx(33.33)
    assert finding.series["n1"][1:] == [12, 12, 12, 12]


def test_a_node_that_gets_nothing_counts() -> None:
    finding = found(BALANCE, asked("n1", "n2"), *TOLD, ended=5)
    assert finding.figures["jain"] == pytest.approx(2 / 3, abs=1e-3)
    assert finding.figures["requests"] == {"n1": 48, "n2": 48, "n3": 0}


def test_a_node_counts_for_as_long_as_it_was_there() -> None:
    gone = event(3.0, "node.removed", node="n3", began=3.0)
    steps = [*asked("n1", "n2", "n3", seconds=range(1, 3)), *asked("n1", "n2", seconds=range(3, 5))]
    finding = found(BALANCE, steps, *TOLD, gone, ended=5)
    assert finding.figures["jain_worst"] == 1
    assert float(str(finding.figures["jain"])) > 0.97  # it was there before anything was asked, too
    assert finding.figures["came_or_went"] == ["n1", "n2", "n3"]


def test_a_new_node_that_stays_idle_is_seen_in_the_seconds_after() -> None:
    new = event(2.5, "node.added", node="n4")
    finding = found(BALANCE, asked("n1", "n2", "n3", each=14), *TOLD, new, ended=5)
    assert finding.series["jain"][1:] == [1, 1, pytest.approx(0.75), pytest.approx(0.75)]


def test_too_few_say_nothing_of_a_second() -> None:
    finding = found(BALANCE, asked("n1", "n2", "n3", each=5), *TOLD, ended=5)
    assert finding.figures["jain_worst"] is None


def test_services_are_apart() -> None:
    told = event(0, "cluster.starting", strategies={"a": "jwt", "b": "jwt"})
    steps = asked("a-n1", "a-n2", "a-n1", "a-n2", "b-n1", "b-n2")
    assert found(BALANCE, steps, told, ended=5).figures["jain"] == 1


def test_no_node_known_is_unknown() -> None:
    for steps in ([], [step("u1", "me", 1, node=None)]):
        finding = found(BALANCE, steps, *TOLD)
        assert finding.verdict is Verdict.UNKNOWN
        assert finding.figures["jain"] is None


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_jains_index_lies_between_one_of_all_and_one(loads: list[int]) -> None:
    assert 1 / len(loads) - 1e-9 <= jain(np.array(loads)) <= 1 + 1e-9
