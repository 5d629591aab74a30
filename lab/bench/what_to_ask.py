"""What to ask a cluster of an app that is not ours: the conversations of its recipe."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from sessionlab.lab.clients.people import people
from sessionlab.lab.recipes.model import CONVERSATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.recipes.model import Recipe, Step

FEW = 3


def how_to_ask(cluster: Cluster) -> list[str]:
    """Who can log in, and what each conversation asks for, as lines; no password is among them."""
    recipe = cluster.recipe
    users = names(recipe)
    more = " and on" if len(users) > FEW else ""
    return [
        f"Users: {', '.join(users[:FEW])}{more}, with the password that the recipe says",
        "",
        f"URL={quote(cluster.url)}, and there, as the recipe says:",
        *(
            f"  {conversation:<9} {asked(recipe.steps(conversation))}"
            for conversation in CONVERSATIONS
            if recipe.steps(conversation)
        ),
    ]


def names(recipe: Recipe) -> list[str]:
    """Who can log in, each once."""
    return list(dict.fromkeys(one.name for one in people(recipe, recipe.users.count)))


def asked(steps: Iterable[Step]) -> str:
    """`POST /login, then GET /me`; no password is among it."""
    return ", then ".join(f"{step.method} {step.path}" for step in steps)
