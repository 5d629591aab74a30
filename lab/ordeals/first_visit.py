"""The ordeal `first-visit`: who comes for the first time asks for several things at once.

Each answer may set cookies of its own; the user then logs in with what came last.
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

AT_ONCE = 4


async def _carry_out(trial: Trial) -> None:
    async def visit(user: Client) -> Answer:
        await side_by_side([user.me() for _ in range(AT_ONCE)])
        return await user.try_login()

    await trial.each(visit)
    await trial.ask_anew(2)


def _why_not(recipe: Recipe) -> str:
    return "" if recipe.login else "the recipe has no `login`"


FIRST_VISIT = Ordeal(
    "a first visit asks for much at once, then logs in", _carry_out, why_not=_why_not
)
