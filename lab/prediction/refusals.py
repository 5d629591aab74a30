"""How often users are refused who come to a node that does not know them.

With nothing that ties them, a request of a session that one of n nodes knows is led to another one
in n-1 of n cases: memory without affinity, or a signing key for each node. Round-robin deals them
out as evenly as chance where many users take turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.prediction.interface import Prediction, counted, figure
from sessionlab.lab.record.intervals import Predicted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.checks.interface import About, Finding
    from sessionlab.lab.prediction.interface import Setting
    from sessionlab.lab.record.intervals import Counted

_REFUSED = "of the requests in a session refused"
_BY_CHANCE = ("round-robin", "random")
_MANY = 10  # users for each node


class Refusals:
    """Requests refused by nodes that do not know the session."""

    summary = "the share of requests that nodes refuse which do not know the session"

    def foretell(self, setting: Setting) -> Iterator[Prediction]:
        by_chance = setting.affinity == "none" and setting.algorithm in _BY_CHANCE
        if not by_chance or setting.faults or setting.workload.users < _MANY * setting.nodes:
            return
        if setting.one_node_knows:
            share, why = 1 - 1 / setting.nodes, f"one node of {setting.nodes} knows a session"
        elif setting.all_nodes_know:
            share, why = 0.0, "every node knows every session"
        else:
            return
        yield Prediction("refusals", why, Predicted(share, _REFUSED), _measure)


REFUSALS = Refusals()


def _measure(findings: Sequence[Finding], _: About) -> Counted | None:
    refused = figure(findings, "availability", "refused")
    return counted(refused, figure(findings, "availability", "in_session"), _REFUSED)
