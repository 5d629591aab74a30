"""The ordeal `data`: users write into their sessions, and look for it.

In the end a twin of each, whose credential is from before the first write, looks for it at every
copy: what it finds there is with the server, what is nowhere went with the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.clients.client import Client
from sessionlab.lab.ordeals.interface import Ordeal
from sessionlab.lab.waiting import side_by_side

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer

WRITES, READS = 3, 2


async def _carry_out(trial: Trial) -> None:
    async def write(user: Client) -> Answer:
        return await user.write(trial.item("data"))

    async def look(twin: Client) -> None:
        for node in trial.cluster.nodes.values():
            await twin.read(at=node.url)
        await twin.close()

    await trial.log_in()
    twins = [twin for user in trial.users for twin in trial.replicas(user)]
    for _ in range(WRITES):
        await trial.each(write)
        await trial.each_anew(Client.read)
    await trial.each_anew(Client.read, READS)
    await side_by_side([look(twin) for twin in twins])  # some apps answer that with silence


def _why_not(recipe: Recipe) -> str:
    return "" if recipe.write and recipe.read else "the recipe has no `write` and `read`"


DATA = Ordeal("users write, and look for what they wrote", _carry_out, why_not=_why_not)
