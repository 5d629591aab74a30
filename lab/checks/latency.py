"""Latency, from when a request was to begin: one that had to wait its turn in the load is late.

Otherwise a stall, in which nothing is asked, would hide itself (coordinated omission). Kept to
three digits, as an HDR histogram does. What its client gave up is left out; what got no answer
counts with the time that it was waited for.
"""

from __future__ import annotations

import base64
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from hdrh.histogram import HdrHistogram

from sessionlab.lab.checks.columns import CONVERSATIONS, SECOND, columns
from sessionlab.lab.checks.interface import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.checks.columns import Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.record.packed.shard import Shard

_LONGEST = 24 * 3600 * SECOND
_DIGITS, _BITS = 3, 11  # 2048 steps to each power of two, so three digits and more
_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
_KEY_BITS = 37  # of a day in microseconds


class Took(NamedTuple):
    """How often (`times`) a latency came in a second and conversation (`kind`), in one shard."""

    second: Numbers
    kind: Numbers
    value: Numbers
    times: Numbers


class Latency:
    """Percentiles of all, of each conversation, and by second."""

    name = "latency"
    summary = "how long users waited, from when their request was to begin"
    figures: Mapping[str, str] = MappingProxyType(
        {
            f"{kind}{name}_ms": f"{said} of {what}"
            for kind, what in [("", "all requests"), *((f"{one}_", one) for one in CONVERSATIONS)]
            for name, said in [
                ("p50", "the median"),
                ("p90", "the 90th percentile"),
                ("p99", "the 99th percentile"),
                ("p999", "the 99.9th percentile"),
                ("max", "the longest"),
            ]
        }
    )

    def look(self, shard: Shard, about: About) -> Took:
        of = columns(shard, about)
        asked = of.balanced
        late = of["late"][asked].astype(np.int64)
        took = of["took"][asked] + late
        began = np.maximum(of.invoked[asked] - late, 0) // SECOND
        kind = of.conversation[asked].astype(np.int64)
        key = (((began << 8) | kind) << _KEY_BITS) | rounded(np.clip(took, 1, _LONGEST))
        key, count = np.unique(key, return_counts=True)
        kind = key >> _KEY_BITS
        return Took(kind >> 8, kind & 255, key & ((1 << _KEY_BITS) - 1), count)

    def judge(self, parts: Sequence[Took], _about: About) -> Finding:
        columns_ = [np.concatenate(one) for one in zip(*parts, strict=True)] if parts else []
        all_of = Took(*columns_) if columns_ else Took(*np.zeros((4, 0), np.int64))
        figures: dict[str, JSON] = dict.fromkeys(self.figures)
        if not len(all_of.times):
            return Finding(self.name, Verdict.UNKNOWN, "nothing was asked", figures)
        encoded: dict[str, JSON] = {}
        for number, name in enumerate(("", *CONVERSATIONS)):
            mine = slice(None) if not number else all_of.kind == number
            histogram = of_counts(all_of.value[mine], all_of.times[mine])
            if histogram.get_total_count():
                encoded[name or "all"] = base64.b64encode(histogram.encode()).decode()
                prefix = f"{name}_" if name else ""
                for said, percent in _PERCENTILES.items():
                    took = histogram.get_value_at_percentile(percent)
                    figures[f"{prefix}{said}_ms"] = round(took / 1000, 3)
        figures["requests"] = int(all_of.times.sum())
        figures["histograms"] = encoded
        said = (
            "half within {p50_ms:g} ms, 99 % within {p99_ms:g} ms, the longest took {max_ms:g} ms"
        )
        series = _by_second(all_of)
        return Finding(self.name, Verdict.SHOWN, said.format_map(figures), figures, series=series)


LATENCY = Latency()


def rounded(microseconds: Numbers) -> Numbers:
    """The lowest value that an HDR histogram of three digits takes for the same."""
    shift = np.maximum(np.frexp(microseconds.astype(float))[1] - _BITS, 0).astype(np.int64)
    return (microseconds >> shift) << shift


def of_counts(values: Numbers, times: Numbers) -> HdrHistogram:
    """A histogram of values (microseconds) that came so many times each."""
    histogram = HdrHistogram(1, _LONGEST, _DIGITS)
    values, where = np.unique(values, return_inverse=True)
    for value, count in zip(values.tolist(), np.bincount(where, times).tolist(), strict=True):
        histogram.record_value(value, int(count))
    return histogram


def _by_second(took: Took) -> dict[str, list[float]]:
    """The median and the 99th percentile in ms of what began in each second."""
    order = np.lexsort((took.value, took.second))
    value, count = took.value[order], took.times[order]
    below = np.cumsum(count)
    first = np.searchsorted(took.second[order], np.arange(int(took.second.max()) + 2))
    until = np.concatenate(([0], below))[first]
    asked = np.diff(until)
    found = {}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        wanted = until[:-1] + np.maximum(np.ceil(asked * share), 1)
        place = np.minimum(np.searchsorted(below, wanted), len(value) - 1)
        found[name] = np.where(asked > 0, value[place] / 1000, np.nan).tolist()
    return found
