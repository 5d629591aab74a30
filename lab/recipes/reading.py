"""A recipe out of its file: `sessionlab.toml`, or `[tool.sessionlab]` in a `pyproject.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.checks.types import converted
from sessionlab.lab.recipes.checks.whole import faults
from sessionlab.lab.recipes.forms import plain
from sessionlab.lab.recipes.model import Recipe
from sessionlab.lab.recipes.nearest import meant
from sessionlab.lab.recipes.toml_text import TomlText

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sessionlab.lab.recipes.places import Keys

FILE, PROJECT = "sessionlab.toml", "pyproject.toml"
_SECTION: Keys = ("tool", "sessionlab")
_HINT = "`sessionlab init` writes a recipe"


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A recipe with all its variants, each whole; `folder` is what its paths are relative to."""

    path: Path
    base: Recipe
    variants: Mapping[str, Recipe]

    @property
    def folder(self) -> Path:
        return self.path.parent

    def variant(self, name: str | None = None) -> Recipe:
        """That variant, or the base; raises UsageError when there is no such one."""
        if name is None:
            return self.base
        if name not in self.variants:
            hint = meant(name, self.variants or ["none"])
            raise UsageError(f"{self.path} has no variant {name!r}", hint)
        return self.variants[name]


def read(path: Path) -> RecipeFile:
    """Read a file, or a folder's; raises UsageError with the file, the line and the key."""
    path = _file(path)
    toml = TomlText.read(path, _HINT)
    raw: Any = toml.parsed()
    if path.name != PROJECT:
        return _Reader(toml, ()).read(raw)
    for key in _SECTION:
        raw = raw.get(key, {}) if isinstance(raw, dict) else {}
    if not raw or not isinstance(raw, dict):
        raise UsageError(f"{path} has no [tool.sessionlab]", _HINT)
    return _Reader(toml, _SECTION).read(raw)


def parse(raw: Mapping[str, Any], path: Path) -> RecipeFile:
    """The same of a table that was made, not read: `path` is where it would lie."""
    return _Reader(TomlText(path, ""), ()).read(dict(raw))


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Table by table; any other value is replaced."""
    found = dict(base)
    for key, value in over.items():
        old = found.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        found[key] = merged(old or {}, value) if both else value
    return found


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    return next((path / name for name in (FILE, PROJECT) if (path / name).exists()), path / FILE)


class _Reader:
    def __init__(self, toml: TomlText, within: Keys) -> None:
        self._toml = toml
        self._within = within

    def read(self, raw: dict[str, Any]) -> RecipeFile:
        base = self._recipe(raw)
        shared = {key: value for key, value in raw.items() if key != "variants"}
        variants = {
            name: self._recipe(merged(shared, over), name, over)
            for name, over in base.variants.items()
        }
        return RecipeFile(self._toml.path, base, variants)

    def _recipe(
        self, raw: dict[str, Any], variant: str = "", over: Mapping[str, Any] | None = None
    ) -> Recipe:
        recipe = converted(plain(raw), Recipe)
        fault = recipe if isinstance(recipe, Fault) else next(faults(recipe), None)
        if fault is not None:
            raise self._refused(fault, variant, over or {})
        assert not isinstance(recipe, Fault)  # noqa: S101
        return recipe

    def _refused(self, fault: Fault, variant: str, over: Mapping[str, Any]) -> UsageError:
        """With the line in the variant, or else in what that is merged over."""
        there = bool(fault.keys) and fault.keys[0] in over
        keys = ("variants", variant, *fault.keys) if there else fault.keys
        also = f" in the variant {variant}" if variant and not there else ""
        return self._toml.refused(Fault(keys, fault.says + also, fault.hint), self._within)
