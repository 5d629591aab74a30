"""The ordeal `balancer-restart`: the balancer is stopped and started, and has forgotten all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial


async def _carry_out(trial: Trial) -> None:
    await trial.log_in()
    await trial.cluster.restart_balancer()
    await trial.ask_anew(2)


BALANCER_RESTART = Ordeal("the balancer is restarted", _carry_out)
