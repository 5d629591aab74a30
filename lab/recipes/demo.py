"""The recipe of our own demo app, which is all that the lab's clients know of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.recipes.reading import read

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import Recipe


@cache
def demo() -> Recipe:
    """Read once."""
    return read(Path(__file__).with_name("demo.toml")).base
