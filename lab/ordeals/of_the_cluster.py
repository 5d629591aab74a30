"""Ordeals in which users only ask who they are, while something is done to their cluster, or not.

A copy that came with `grow` stays: to start one again takes its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.ordeals.interface import Ordeal
from sessionlab.lab.recipes.variables import used

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial
    from sessionlab.lab.recipes.model import Recipe

TIMES = 4
LONG = 60.0  # seconds that users of a drained copy may stay: longer than it takes
LIMIT = 0.3  # seconds that an old copy is drained: no session ends by itself in more of them


async def _ask(trial: Trial) -> None:
    await trial.log_in()
    await trial.ask_anew(TIMES)


async def _restart(trial: Trial) -> None:
    """In order, and at the same address."""
    await trial.log_in()
    await trial.cluster.stop(trial.node)
    await trial.cluster.start(trial.node)
    await trial.ask_anew(2)


async def _restart_balancer(trial: Trial) -> None:
    """It has forgotten all."""
    await trial.log_in()
    await trial.cluster.restart_balancer()
    await trial.ask_anew(2)


async def _replace_drained(trial: Trial) -> None:
    await trial.cluster.remove_node(trial.node)
    if len(trial.cluster.nodes) < trial.copies:
        await trial.cluster.add_node()


def _has_no_store(recipe: Recipe) -> str:
    names = {variable.name for variable in used(recipe.app)}
    return "" if "redis" in names else "the recipe names no {redis}"


ASK = Ordeal("users ask again and again, on new connections", _ask)
BALANCER_RESTART = Ordeal("the balancer is restarted", _restart_balancer)
RESTART = Ordeal("a copy is stopped and started again", _restart)
KILL = Ordeal(
    "a copy is killed",
    lambda trial: trial.while_asking(lambda: trial.cluster.kill(trial.node)),
    lambda trial: trial.cluster.start(trial.node),
)
GROW = Ordeal("there is one copy more", lambda trial: trial.while_asking(trial.cluster.add_node))
DRAIN = Ordeal(
    "a copy is drained, and stays up",
    lambda trial: trial.while_asking(lambda: trial.cluster.drain(trial.node, limit=LONG)),
    _replace_drained,
)
DEPLOY = Ordeal(
    "a rolling deploy replaces every copy",
    lambda trial: trial.while_asking(lambda: trial.cluster.deploy(Rolling(limit=LIMIT), "2")),
)
STORE_BLIP = Ordeal(
    "Redis goes away and comes back, empty",
    lambda trial: trial.while_asking(trial.cluster.stop_redis, trial.cluster.start_redis),
    why_not=_has_no_store,
)
