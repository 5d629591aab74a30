"""The ordeal `restart`: a copy is stopped in order, and started again at the same address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial


async def _carry_out(trial: Trial) -> None:
    await trial.log_in()
    await trial.cluster.stop(trial.node)
    await trial.cluster.start(trial.node)
    await trial.ask_anew(2)


RESTART = Ordeal("a copy is stopped and started again", _carry_out)
