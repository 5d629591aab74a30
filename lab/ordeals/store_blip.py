"""The ordeal `store-blip`: the shared Redis is killed and started again, empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal
from sessionlab.lab.recipes.variables import used

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial
    from sessionlab.lab.recipes.model import Recipe


async def _carry_out(trial: Trial) -> None:
    await trial.while_asking(trial.cluster.stop_redis, trial.cluster.start_redis)


def _why_not(recipe: Recipe) -> str:
    names = {variable.name for variable in used(recipe.app)}
    return "" if "redis" in names else "the recipe names no {redis}"


STORE_BLIP = Ordeal("Redis goes away and comes back, empty", _carry_out, why_not=_why_not)
