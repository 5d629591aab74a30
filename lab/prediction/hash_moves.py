"""Whom a hash leads to another node when one comes or goes.

Modulo n+1 instead of n: all but 1 of n+1; a consistent hash moves 1 of n+1. When one of n goes, the
first moves all but 1 of n, the second that node's own. The built-in balancer's consistent hash
passes a busy node over, so of it something is said only where hardly anything is under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.prediction.blast_radius import ENDS
from sessionlab.lab.prediction.interface import Prediction, counted, rows
from sessionlab.lab.record.intervals import Predicted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.checks.interface import About, Finding
    from sessionlab.lab.prediction.interface import Setting
    from sessionlab.lab.record.intervals import Counted

_MOVED = "of the users led to another node"
_ANSWER = 0.005  # seconds that one may take, to guess how much is under way
_QUIET = 0.2  # requests under way


class HashMoves:
    """Users moved by a hash."""

    summary = "the share of users whom a hash leads elsewhere when a node comes or goes"

    def foretell(self, setting: Setting) -> Iterator[Prediction]:
        fault, (algorithm, _, key) = setting.first, setting.algorithm.partition(":")
        if fault is None or setting.affinity != "none" or key in ("", "source"):
            return  # all come from one address
        if fault.fault != "add-node" and (fault.fault not in ENDS or setting.nodes == 1):
            return
        comes = fault.fault == "add-node"
        most = setting.nodes + comes
        if algorithm == "hash":
            share = 1 - 1 / most
        elif algorithm == "consistent-hash" and (setting.balancer != "builtin" or _quiet(setting)):
            share = 1 / most
        else:
            return
        why = f"{algorithm} over {most - 1} and {most} nodes"

        def measure(findings: Sequence[Finding], _: About) -> Counted | None:
            for one in rows(findings, "affinity", "changes"):
                if (one["what"] == "added") == comes:
                    return counted(one["moved"], one["users"], _MOVED)
            return None

        yield Prediction(f"moved by {fault.fault}", why, Predicted(share, _MOVED), measure)


HASH_MOVES = HashMoves()


def _quiet(setting: Setting) -> bool:
    workload = setting.workload
    if workload.rate is None:
        return workload.users * _ANSWER < _QUIET * workload.think
    return max(one.rate for one in workload.stages) * _ANSWER < _QUIET
