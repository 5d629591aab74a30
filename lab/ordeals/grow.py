"""The ordeal `grow`: there is one copy more, which stays: to start one again takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial


async def _carry_out(trial: Trial) -> None:
    await trial.while_asking(trial.cluster.add_node)


GROW = Ordeal("there is one copy more", _carry_out)
