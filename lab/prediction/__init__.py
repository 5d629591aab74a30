"""What models say of a run before it begins, by name; see `interface`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import Variants
from sessionlab.lab.prediction.blast_radius import BLAST_RADIUS
from sessionlab.lab.prediction.drain_end import DRAIN_END
from sessionlab.lab.prediction.hash_moves import HASH_MOVES
from sessionlab.lab.prediction.lost_writes import LOST_WRITES
from sessionlab.lab.prediction.refusals import REFUSALS

if TYPE_CHECKING:
    from sessionlab.lab.prediction.interface import Model

MODELS: Variants[Model] = Variants(
    "sessionlab.predictions",
    {
        "blast-radius": BLAST_RADIUS,
        "hash-moves": HASH_MOVES,
        "refusals": REFUSALS,
        "drain-end": DRAIN_END,
        "lost-writes": LOST_WRITES,
    },
    *("summary", "foretell"),
)
