"""What a stored history is checked for, by name: see `sessionlab judge`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.checks.affinity import AFFINITY
from sessionlab.lab.checks.availability import AVAILABILITY
from sessionlab.lab.checks.balance import BALANCE
from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.identity import IDENTITY
from sessionlab.lab.checks.latency import LATENCY
from sessionlab.lab.checks.revocation import REVOCATION
from sessionlab.lab.checks.updates import UPDATES
from sessionlab.lab.description.variants import Variants

if TYPE_CHECKING:
    from sessionlab.lab.checks.interface import Check

CHECKS: Variants[Check] = Variants(
    "sessionlab.checks",
    {
        "continuity": CONTINUITY,
        "identity": IDENTITY,
        "updates": UPDATES,
        "revocation": REVOCATION,
        "affinity": AFFINITY,
        "balance": BALANCE,
        "availability": AVAILABILITY,
        "latency": LATENCY,
    },
    *("summary", "figures", "look", "judge"),
)
