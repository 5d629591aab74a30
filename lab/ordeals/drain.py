"""The ordeal `drain`: a copy gets no new users, and those that are tied to it stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial

LONG = 60.0  # seconds that users may stay: longer than it takes


async def _carry_out(trial: Trial) -> None:
    await trial.while_asking(lambda: trial.cluster.drain(trial.node, limit=LONG))


async def _mend(trial: Trial) -> None:
    await trial.cluster.remove_node(trial.node)
    if len(trial.cluster.nodes) < trial.copies:
        await trial.cluster.add_node()


DRAIN = Ordeal("a copy is drained, and stays up", _carry_out, _mend)
