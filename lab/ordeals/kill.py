"""The ordeal `kill`: a copy is gone at once, with all that was in its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial


async def _carry_out(trial: Trial) -> None:
    await trial.while_asking(lambda: trial.cluster.kill(trial.node))


async def _mend(trial: Trial) -> None:
    await trial.cluster.start(trial.node)


KILL = Ordeal("a copy is killed", _carry_out, _mend)
