"""Latencies are counted as an HDR histogram does it, many at once."""

from __future__ import annotations

import numpy as np
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlab.lab.record.histograms import histogram, put, rounded


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 24 * 3600 * 10**6), min_size=1, max_size=50))
def test_what_is_rounded_is_the_same_to_a_histogram(values: list[int]) -> None:
    plain = HdrHistogram(1, 24 * 3600 * 10**6, 3)
    for value in values:
        plain.record_value(value)
    put(rounded(np.array(values)), np.ones(len(values), int), small := histogram())
    assert small.equals(plain)
    for percent in (50, 90, 99, 99.9, 100):
        assert small.get_value_at_percentile(percent) == plain.get_value_at_percentile(percent)
