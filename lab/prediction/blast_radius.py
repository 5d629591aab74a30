"""How many sessions a node takes with it when it dies.

Where one node alone knows a session and affinity leads everybody back, those of one in n nodes;
where every node knows it, none. Only the first fault is foretold: after it, no node has its share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.prediction.interface import Prediction, counted, rows
from sessionlab.lab.record.intervals import Predicted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.checks.interface import About, Finding
    from sessionlab.lab.prediction.interface import Setting
    from sessionlab.lab.record.intervals import Counted

ENDS = ("kill-node", "stop-node", "restart-node", "remove-node")
_TIES = ("cookie", "learn", "learn-header")  # of what each client has one of its own
_LOST = "of the sessions in use lost"


class BlastRadius:
    """Sessions lost with a node."""

    summary = "the share of sessions that a node takes with it when it dies"

    def foretell(self, setting: Setting) -> Iterator[Prediction]:
        fault = setting.first
        if fault is None or fault.fault not in ENDS or fault.parameters.get("drain"):
            return
        if setting.nodes == 1:  # nobody is refused by nobody
            return
        ties = setting.affinity.partition(":")[0] in _TIES
        if setting.one_node_knows and ties:
            share, why = 1 / setting.nodes, f"its node is one of {setting.nodes} that know them"
        elif setting.all_nodes_know:
            share, why = 0.0, "every node knows every session"
        else:
            return
        name, part = fault.fault, fault.part

        def measure(findings: Sequence[Finding], _: About) -> Counted | None:
            for one in rows(findings, "availability", "faults"):
                if one["fault"] == name and one["part"] == part:
                    return counted(one["sessions_lost"], one["sessions"], _LOST)
            return None

        yield Prediction(f"blast radius of {name} {part}", why, Predicted(share, _LOST), measure)


BLAST_RADIUS = BlastRadius()
