"""What has happened to a cluster of the page, and what can be asked of it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.recipes.model import CONVERSATIONS

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import Recipe


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened: the event `event`. `part` is who, `text` all of it in words."""

    at: float
    kind: str
    part: str
    text: str
    cluster: str = "a"


def lines_of(recipe: Recipe) -> dict[str, str]:
    """What each conversation asks for: `POST /login`; no password is among it."""
    return {
        name: ", then ".join(f"{step.method} {step.path}" for step in recipe.steps(name))
        for name in CONVERSATIONS
        if recipe.steps(name)
    }
