"""The ordeal `ask`: users ask who they are, again and again, on new connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial

TIMES = 4


async def _carry_out(trial: Trial) -> None:
    await trial.log_in()
    await trial.ask_anew(TIMES)


ASK = Ordeal("users ask again and again, on new connections", _carry_out)
