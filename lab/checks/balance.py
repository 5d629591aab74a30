"""Balance: how evenly requests are spread over the nodes that were there.

Jain's index is (Σx)² / (n Σx²), 1 when all have the same and 1/n when one has all (Jain, Chiu,
Hawe 1984). A node counts by its requests a second while it could be sent new clients; of several
services the least even one counts.
"""

from __future__ import annotations

from collections import defaultdict
from math import ceil, isnan
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.checks.columns import columns, padded
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.checks.timeline import lives

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.checks.columns import Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.record.packed.shard import Shard

    Spans = Sequence[tuple[float, float]]

_FEW = 10  # requests a node and second: fewer say nothing of balance


class Balance:
    """Requests by node, and how even they are."""

    name = "balance"
    summary = "requests by node, overall and over time (Jain's index)"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "jain": "1 at best; Jain's index of the nodes' requests a second",
            "jain_worst": "1 at best; the same of the least even second",
            "busiest": "%; of all requests, those of the busiest node",
        }
    )

    def look(self, shard: Shard, about: About) -> dict[str, Numbers]:
        """Requests by second, of each node that answered any."""
        of = columns(shard, about)
        asked = of.timed & (of.node > 0)
        node, second = of.node[asked], of.second[asked]
        return {
            shard.words.text("node", int(number)): np.bincount(second[node == number])
            for number in np.unique(node)
        }

    def judge(self, parts: Sequence[dict[str, Numbers]], about: About) -> Finding:
        known = lives(about)
        names = sorted(set(known).union(*parts))
        by_node = {name: padded([part[name] for part in parts if name in part]) for name in names}
        length = max(map(len, by_node.values()), default=0)
        total = {name: int(one.sum()) for name, one in by_node.items()}
        if not any(total.values()):
            nothing = dict.fromkeys(self.figures)
            said = "no answer said which node it is of"
            return Finding(self.name, Verdict.UNKNOWN, said, nothing)
        end = min(about.ended - about.began, float(length))
        spans = {name: _clipped(known.get(name, [(0, end)]), end) for name in names}
        asked = np.array(
            [np.pad(by_node[name], (0, length - len(by_node[name]))) for name in names]
        )
        services = _services(names, about)
        rates = np.array([total[name] / _long(spans[name]) for name in names])
        there = np.array([_whole_seconds(spans[name], length) for name in names])
        index = min(jain(rates[numbers]) for numbers in services)
        over_time = [_index(asked, there, services, second) for second in range(length)]
        shown = [value for value in over_time if not isnan(value)]
        busiest = max(total, key=lambda name: total[name])
        share = 100 * total[busiest] / sum(total.values())
        figures: dict[str, JSON] = {
            "jain": round(index, 4),
            "jain_worst": round(min(shown), 4) if shown else None,
            "busiest": round(share, 2),
            "requests": dict(total),
            "came_or_went": [name for name in names if spans[name] != [(0, end)]],
        }
        said = f"{len(names)} nodes, Jain's index {index:.3f}; {busiest} had {share:.0f} %"
        by_second = {
            name: one.astype(float).tolist() for name, one in zip(names, asked, strict=True)
        }
        series = {"jain": over_time, **by_second}
        return Finding(self.name, Verdict.SHOWN, said, figures, series=series)


BALANCE = Balance()


def jain(loads: Numbers) -> float:
    """How even loads are: 1 at best, 1/n at worst; 1 when there are none."""
    squares = float((loads.astype(float) ** 2).sum())
    return float(loads.sum()) ** 2 / (len(loads) * squares) if squares else 1.0


def _index(asked: Numbers, there: Numbers, services: Sequence[Numbers], second: int) -> float:
    """Of the nodes that were there for all of a second; NaN where too little was asked."""
    found = [
        jain(asked[here, second])
        for numbers in services
        if len(here := numbers[there[numbers, second]])
        and asked[here, second].sum() >= _FEW * len(here)
    ]
    return min(found, default=float("nan"))


def _services(names: Sequence[str], about: About) -> list[Numbers]:
    """The numbers of the nodes of each service."""
    strategies = about.told.get("strategies")
    several = isinstance(strategies, dict) and len(strategies) > 1
    of: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(names):
        of[name.rpartition("-")[0] if several else ""].append(number)
    return [np.array(numbers) for numbers in of.values()]


def _clipped(spans: Spans, ended: float) -> list[tuple[float, float]]:
    found = [(max(one, 0), min(other, ended)) for one, other in spans]
    return [(one, other) for one, other in found if one < other]


def _long(spans: Spans) -> float:
    return max(sum(other - one for one, other in spans), 1.0)


def _whole_seconds(spans: Spans, length: int) -> Numbers:
    found = np.zeros(length, bool)
    for one, other in spans:
        found[ceil(one) : int(other)] = True
    return found
