"""The ordeal `two-tabs`: two clients with one credential ask at the same time.

What was given to a connection is that one's alone: a second tab connects for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal
from sessionlab.lab.waiting import side_by_side

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.ordeals.trial import Trial
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer

TIMES = 2


async def _carry_out(trial: Trial) -> None:
    await trial.log_in()
    twins = {user: await trial.twin(user) for user in trial.users}

    async def both(user: Client) -> Answer:
        first, _ = await side_by_side([user.me(), twins[user].me()])
        return first

    for _ in range(TIMES):
        await trial.each(both)
    await trial.ask_anew(1)


def _why_not(recipe: Recipe) -> str:
    if any(step.ws for step in recipe.steps("login")):
        return "who logs in on a WebSocket has no second tab"
    return "" if recipe.login or not recipe.connect else "without a `login` a second tab is another"


TWO_TABS = Ordeal("two tabs of each user ask at the same time", _carry_out, why_not=_why_not)
