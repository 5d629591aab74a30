"""The ordeal `logout`: users log out, and their old credentials are shown to every copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.ordeals.trial import Trial
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer


async def _carry_out(trial: Trial) -> None:
    async def leave(user: Client) -> Answer:
        replicas = trial.replicas(user)
        await user.do("logout")
        said = await user.me()
        for old in replicas:
            for node in trial.cluster.nodes.values():
                await old.me(at=node.url)
            await old.close()
        return said

    await trial.log_in()
    await trial.ask_anew(1)
    await trial.each(leave)


def _why_not(recipe: Recipe) -> str:
    return "" if recipe.logout else "the recipe has no `logout`"


LOGOUT = Ordeal("users log out, and the old credentials are replayed", _carry_out, why_not=_why_not)
