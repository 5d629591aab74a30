"""The page about recipes says all that there is, and what it shows can be used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from sessionlab.lab.recipes.model import Count, Ordeal, Recipe
from sessionlab.lab.recipes.reading import parse

PAGE = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")
STRUCTS = msgspec.json.schema(Recipe)["$defs"].values()
KEYS = {key for struct in STRUCTS for key in struct.get("properties", ())}
SHOWN = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("recipe", SHOWN)
def test_each_recipe_on_the_page_is_one(recipe: str) -> None:
    parse(tomllib.loads(recipe), Path("docs/recipes.md"))


def test_every_key_and_every_word_is_on_the_page() -> None:
    words = set(re.findall(r"[a-z_-]+", PAGE))
    assert {*KEYS, *get_args(Ordeal), *get_args(Count)} - words == set()
