"""HDR histograms of latencies: microseconds up to a day, to three digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hdrh.histogram import HdrHistogram

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Numbers = NDArray[Any]

LONGEST, DIGITS = 24 * 3600 * 1_000_000, 3
BITS = 11  # 1024 steps to each power of two, so three digits and more


def histogram() -> HdrHistogram:
    """An empty one."""
    return HdrHistogram(1, LONGEST, DIGITS)


def rounded(microseconds: Numbers, bits: int = BITS) -> Numbers:
    """The lowest value that a histogram (of three digits by default) takes for the same."""
    shift = np.maximum(np.frexp(microseconds.astype(float))[1] - bits, 0).astype(np.int64)
    found: Numbers = (microseconds >> shift) << shift
    return found


def count(seconds: array[float], *into: HdrHistogram) -> None:
    """Put seconds into histograms, equal ones at once: one by one each would cost 2 µs."""
    exact = np.clip(np.frombuffer(seconds) * 1e6, 1, LONGEST).astype(np.int64)
    put(*np.unique(rounded(exact), return_counts=True), *into)


def put(values: Numbers, times: Numbers, *into: HdrHistogram) -> None:
    """Put microseconds into histograms, each so many times."""
    for value, often in zip(values.tolist(), times.tolist(), strict=True):
        for one in into:
            one.record_value(int(value), int(often))


def milliseconds(of: HdrHistogram, percentile: float) -> float | None:
    """That percentile; None of nothing."""
    if not of.get_total_count():
        return None
    return float(of.get_value_at_percentile(percentile)) / 1000


def as_text(of: HdrHistogram) -> str:
    """As the library encodes it, in base64."""
    encoded: bytes = of.encode()
    return encoded.decode()


def added(texts: Iterable[str]) -> HdrHistogram:
    """The sum of several."""
    whole = histogram()
    for text in texts:
        whole.decode_and_add(text)
    return whole
