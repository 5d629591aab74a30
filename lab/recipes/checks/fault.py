"""One thing that is wrong with a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.recipes.places import Keys


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, at which keys, and what would be right."""

    keys: Keys
    says: str
    hint: str = ""
