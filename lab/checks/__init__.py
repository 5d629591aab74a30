"""What a stored history is checked for, by name: see `sessionlab judge`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.description.variants import Variants

if TYPE_CHECKING:
    from sessionlab.lab.checks.interface import Check

CHECKS: Variants[Check] = Variants(
    "sessionlab.checks",
    {
        "continuity": CONTINUITY,
    },
    *("summary", "figures", "look", "judge"),
)
