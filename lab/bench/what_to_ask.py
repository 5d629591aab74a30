"""What to ask a cluster of an app that is not ours: the conversations of its recipe."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from sessionlab.lab.clients.people import people
from sessionlab.lab.recipes.model import CONVERSATIONS

if TYPE_CHECKING:
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.recipes.model import Step

FEW = 3


def how_to_ask(cluster: Cluster) -> list[str]:
    """Who can log in, and what each conversation asks for, as lines; no password is among them."""
    recipe = cluster.recipe
    names = list(dict.fromkeys(one.name for one in people(recipe, recipe.users.count)))
    more = " and on" if len(names) > FEW else ""
    return [
        f"Users: {', '.join(names[:FEW])}{more}, with the password that the recipe says",
        "",
        f"URL={quote(cluster.url)}, and there, as the recipe says:",
        *(
            f"  {conversation:<9} {', then '.join(map(_asked, recipe.steps(conversation)))}"
            for conversation in CONVERSATIONS
            if recipe.steps(conversation)
        ),
    ]


def _asked(step: Step) -> str:
    return f"{step.method} {step.path}"
