"""Whether what a user adds to its cart is overwritten by what it adds at the same time.

A session that is loaded and written back whole loses one of two changes that overlap. Users of a
workload do one thing after the other, so nothing overlaps and nothing is lost, unless a request
that was given up is still under way somewhere: that no model foretells, and it says nothing then.
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

_LOST = "of the acknowledged additions lost"


class LostWrites:
    """Additions lost by read-modify-write."""

    summary = "the share of acknowledged additions that others overwrite"

    def foretell(self, setting: Setting) -> Iterator[Prediction]:
        whole = setting.options.get("cart-writes") == "record" or setting.strategy == "jwt"
        if not setting.strategy or not setting.workload.life.write or (whole and setting.faults):
            return
        why = "each user does one thing after the other"
        yield Prediction("lost writes", why, Predicted(0.0, _LOST), _measure)


LOST_WRITES = LostWrites()


def _measure(findings: Sequence[Finding], _: About) -> Counted | None:
    lost = figure(findings, "updates", "lost_writes")
    return counted(lost, figure(findings, "updates", "acknowledged"), _LOST)
