"""The ordeal `grow`: there is one copy more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial


async def _carry_out(trial: Trial) -> None:
    await trial.log_in()
    async with trial.asking() as traffic:
        await traffic.round()
        node = await trial.cluster.add_node()
        trial.node = node.name
        await traffic.round()
    await trial.ask_anew(2)


async def _mend(trial: Trial) -> None:
    await trial.cluster.remove_node(trial.node)


GROW = Ordeal("there is one copy more", _carry_out, _mend)
