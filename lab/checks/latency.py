"""Latency, from when a request was to begin: one that had to wait its turn in the load is late.

Otherwise a stall, in which nothing is asked, would hide itself (coordinated omission). Kept to
three digits, as an HDR histogram does. What its client gave up is left out; what got no answer
counts with the time that it was waited for.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import CONVERSATIONS, SECOND, columns
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.record.histograms import LONGEST, as_text, put, rounded
from sessionlab.lab.record.histograms import histogram as empty

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.checks.columns import Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.record.packed.shard import Shard

_COARSE, _MIDDLE = 6, 1 + 2**-6 / 1.5  # 32 by second, which is for a chart; the middle of one
_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
_KEY_BITS = 37  # of a day in microseconds


class Counts(NamedTuple):
    """How often (`times`) each latency came, in each conversation or second (`of`)."""

    of: Numbers
    value: Numbers
    times: Numbers


class Took(NamedTuple):
    """What came in one shard, by conversation and by second: few bytes, as there are many."""

    kinds: Counts
    seconds: Counts


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
        asked = of.timed
        late = of["late"][asked].astype(np.int64)
        took = of["took"][asked] + late
        began = np.maximum(of.invoked[asked] - late, 0) // SECOND
        took = np.clip(took, 1, LONGEST)
        kinds = _counted(of.conversation[asked].astype(np.int64), rounded(took))
        return Took(kinds, _counted(began, rounded(took, _COARSE)))

    def judge(self, parts: Sequence[Took], _about: About) -> Finding:
        all_of = _together([part.kinds for part in parts])
        figures: dict[str, JSON] = dict.fromkeys(self.figures)
        if not len(all_of.times):
            return Finding(self.name, Verdict.UNKNOWN, "nothing was asked", figures)
        encoded: dict[str, JSON] = {}
        for number, name in enumerate(("", *CONVERSATIONS)):
            mine = slice(None) if not number else all_of.of == number
            values, where = np.unique(all_of.value[mine], return_inverse=True)
            if not len(values):
                continue
            put(values, np.bincount(where, all_of.times[mine]), histogram := empty())
            encoded[name or "all"] = as_text(histogram)
            prefix = f"{name}_" if name else ""
            took = histogram.get_percentile_to_value_dict([*_PERCENTILES.values()])
            for said, percent in _PERCENTILES.items():
                figures[f"{prefix}{said}_ms"] = round(took[percent] / 1000, 3)
        figures["requests"] = int(all_of.times.sum())
        figures["histograms"] = encoded
        said = (
            "half within {p50_ms:g} ms, 99 % within {p99_ms:g} ms, the longest took {max_ms:g} ms"
        )
        series = _by_second(_together([part.seconds for part in parts]))
        return Finding(self.name, Verdict.SHOWN, said.format_map(figures), figures, series=series)


LATENCY = Latency()


def _counted(of: Numbers, value: Numbers) -> Counts:
    key, times = np.unique((of << _KEY_BITS) | value, return_counts=True)
    value = (key & ((1 << _KEY_BITS) - 1)).astype(np.float32)  # holds 24 bits, so all of ours
    return Counts((key >> _KEY_BITS).astype(np.uint32), value, times.astype(np.uint32))


def _together(parts: Sequence[Counts]) -> Counts:
    if not parts:
        return Counts(*np.zeros((3, 0)))
    of, value, times = (np.concatenate(one) for one in zip(*parts, strict=True))
    return Counts(of, value, times)


def _by_second(took: Counts) -> dict[str, list[float]]:
    """The median and the 99th percentile in ms of what began in each second, to 2 %."""
    order = np.lexsort((took.value, took.of))
    value, count = took.value[order], took.times[order]
    below = np.cumsum(count)
    first = np.searchsorted(took.of[order], np.arange(int(took.of.max()) + 2))
    until = np.concatenate(([0], below))[first]
    asked = np.diff(until)
    found = {}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        wanted = until[:-1] + np.maximum(np.ceil(asked * share), 1)
        place = np.minimum(np.searchsorted(below, wanted), len(value) - 1)
        middle = value[place].astype(float) * _MIDDLE
        found[name] = np.where(asked > 0, middle / 1000, np.nan).tolist()
    return found
