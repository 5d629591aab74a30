"""When the drain of a node ends: at its limit, or before it, when nobody is tied any more.

A pin that outlives the session (a cookie of the balancer's own) ties its client for as long as it
comes, so the drain lasts until its limit. One that was learned from the app's cookie ends with the
session: of k sessions that each next request ends with probability p, k(1-p)^r are left after r.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.prediction.interface import Prediction
from sessionlab.lab.record.intervals import Counted, Predicted
from sessionlab.lab.workload.decisions import IDLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.checks.interface import About, Finding
    from sessionlab.lab.prediction.interface import Setting

_MANY, _NONE = 14.0, 1e-6
"""Expected sessions left: that none is, or any, is one chance in a million."""
_ANSWER = 0.1  # seconds that one takes at most, where that makes sessions last longer
_FULL = "of the drains lasted until their limit"


class DrainEnd:
    """Whether drains reach their limit."""

    summary = "whether the drain of a node ends at its limit, or before"

    def foretell(self, setting: Setting) -> Iterator[Prediction]:
        fault, affinity = setting.first, setting.affinity.partition(":")[0]
        if fault is None or fault.fault != "remove-node" or len(setting.faults) > 1:
            return
        limit = fault.parameters.get("drain")
        if not isinstance(limit, (int, float)) or limit <= 0 or setting.workload.rate is not None:
            return
        if affinity not in ("cookie", "learn") or fault.at + limit > setting.workload.seconds:
            return
        ends = affinity == "learn"
        most, least = _left(setting, limit, _ANSWER, ends=ends), _left(setting, limit, 0, ends=ends)
        if least > _MANY:
            why, share = f"about {least:.0f} sessions are still tied to it then", 1.0
        elif most < _NONE:
            why, share = "every session has ended before", 0.0
        else:
            return
        yield Prediction("drain", why, Predicted(share, _FULL), _measure)


DRAIN_END = DrainEnd()


def _left(setting: Setting, seconds: float, answer: float, *, ends: bool) -> float:
    """How many sessions of one node's are still there after so many seconds."""
    life, think = setting.workload.life, setting.workload.think
    asks = life.browse + life.write + life.logout
    step = think * (1 + IDLE * life.idle / asks) + answer
    own = setting.workload.users / setting.nodes
    if not ends:
        return own
    return own * (1 - life.logout / asks) ** (seconds / step) if step else 0.0


def _measure(_: Sequence[Finding], about: About) -> Counted | None:
    began = {
        str(event.data.get("node")): (event.at, event.data.get("limit"))
        for event in about.events
        if event.kind == "node.draining"
    }
    full = [
        event.at - at >= limit
        for event in about.events
        if event.kind == "node.drained"
        for at, limit in [began.get(str(event.data.get("node")), (0.0, None))]
        if isinstance(limit, (int, float))
    ]
    return Counted(sum(full), len(full), _FULL) if full else None
