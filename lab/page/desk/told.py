"""What can be asked of a cluster of the page, and why something cannot be done there, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from sessionlab.lab.bench.what_to_ask import asked
from sessionlab.lab.page.model.visitors import What

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import Recipe

ELSEWHERE = "the lab did not start this stack, so it only looks at it"


def can(recipe: Recipe) -> list[str]:
    """The conversations that a tab can have; to connect is to log in where there is no login."""
    enters = recipe.login or recipe.connect
    return [name for name in get_args(What) if recipe.steps(name) or (name == "login" and enters)]


def lines_of(recipe: Recipe) -> dict[str, str]:
    """What each of them asks for: `POST /login`; no password is among it."""
    return {name: asked(recipe.steps(name) or recipe.steps("connect")) for name in can(recipe)}


def why_not(action: str, balancer: str, fabric: str) -> str:
    """Why that cannot be done here at all; empty where it can."""
    if fabric == "external":
        return ELSEWHERE
    if action == "drain" and balancer == "nginx":
        return "the open-source nginx has no such state"
    return ""
