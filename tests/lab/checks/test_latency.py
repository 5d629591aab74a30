"""How long users waited, from when their request was to begin."""

from __future__ import annotations

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.checks.latency import LATENCY
from tests.lab.checks.histories import found, login, step


def test_the_percentiles_of_all_and_of_each_conversation() -> None:
    steps = [step("u1", "me", at, took=at / 1000) for at in range(1, 101)]
    finding = found(LATENCY, [*steps, login("u1", 0, took=0.5)])
    assert finding.verdict is Verdict.SHOWN
    assert finding.figures["me_p50_ms"] == pytest.approx(50, rel=1e-3)
    assert finding.figures["me_p99_ms"] == pytest.approx(99, rel=1e-3)
    assert finding.figures["max_ms"] == pytest.approx(500, rel=1e-3)
    assert finding.figures["login_max_ms"] == pytest.approx(500, rel=1e-3)
    assert finding.figures["write_p50_ms"] is None


def test_a_request_that_had_to_wait_its_turn_counts_from_when_it_was_to_begin() -> None:
    finding = found(LATENCY, [step("u1", "me", 5.5, late=2.0), step("u1", "me", 6)])
    assert finding.figures["max_ms"] == pytest.approx(2010, rel=0.02)
    assert finding.series["p99"][3] == pytest.approx(2010, rel=0.02)
    assert np.isnan(finding.series["p99"][5])


def test_no_answer_counts_and_what_was_given_up_does_not() -> None:
    silent = step("u1", "me", 1, status=None, took=3)
    left = step("u1", "me", 5, status=None, took=30, given_up=True)
    assert found(LATENCY, [silent, left]).figures["max_ms"] == pytest.approx(3000, rel=1e-3)


def test_nothing_asked_is_unknown() -> None:
    finding = found(LATENCY, [])
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.figures["p99_ms"] is None


def test_the_histograms_can_be_read_by_others() -> None:
    finding = found(LATENCY, [step("u1", "me", at, took=0.02) for at in range(9)])
    encoded = finding.figures["histograms"]
    assert isinstance(encoded, dict)
    histogram = HdrHistogram.decode(str(encoded["me"]))
    assert histogram.get_total_count() == 9
