"""A recipe out of its file: `sessionlab.toml`, or `[tool.sessionlab]` in a `pyproject.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes import model
from sessionlab.lab.recipes.checks import Fault, faults
from sessionlab.lab.recipes.model import Recipe
from sessionlab.lab.recipes.nearest import nearest
from sessionlab.lab.recipes.places import line_of, places

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sessionlab.lab.recipes.places import Keys

FILE, PROJECT = "sessionlab.toml", "pyproject.toml"
_SECTION: Keys = ("tool", "sessionlab")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `\$(?P<at>.*)`)?")
_WRONG = re.compile(r"(?P<says>.*?)(?: - at `(?:key in )?\$(?P<at>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


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
            near = nearest(name, self.variants)
            there = ", ".join(self.variants) or "none"
            raise UsageError(
                f"{self.path} has no variant {name!r}",
                f"did you mean {near}?" if near else f"there are: {there}",
            )
        return self.variants[name]


def read(path: Path) -> RecipeFile:
    """Read a file, or a folder's; raises UsageError with the file, the line and the key."""
    path = _file(path)
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", "`sessionlab init` writes a recipe"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    within: Keys = ()
    if path.name == PROJECT:
        within = _SECTION
        raw = raw.get("tool", {}).get("sessionlab")
        if raw is None:
            raise UsageError(
                f"{path} has no [tool.sessionlab]", "`sessionlab init` writes a recipe"
            )
    return _Reader(path, text, within).read(raw)


def parse(raw: Mapping[str, Any], path: Path) -> RecipeFile:
    """The same of a table that was made, not read: `path` is where it would lie."""
    return _Reader(path, "", ()).read(dict(raw))


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
    def __init__(self, path: Path, text: str, within: Keys) -> None:
        self._path = path
        self._places = places(text)
        self._within = within

    def read(self, raw: dict[str, Any]) -> RecipeFile:
        base = self._recipe(raw, ())
        variants = {
            name: self._recipe(merged(raw, over), ("variants", name), over)
            for name, over in base.variants.items()
        }
        return RecipeFile(self._path, base, variants)

    def _recipe(
        self, raw: dict[str, Any], keys: Keys, over: dict[str, Any] | None = None
    ) -> Recipe:
        try:
            recipe = msgspec.convert(raw, Recipe)
        except msgspec.ValidationError as error:
            raise self._refused(_fault(str(error)), keys, over) from None
        for fault in faults(recipe):
            raise self._refused(fault, keys, over)
        return recipe

    def _refused(self, fault: Fault, variant: Keys, over: dict[str, Any] | None) -> UsageError:
        """With the line in the variant, or else in what that is merged over."""
        there = bool(over) and bool(fault.keys) and fault.keys[0] in (over or {})
        keys = (*self._within, *(variant if there else ()), *fault.keys)
        line = line_of(self._places, keys)
        where = f"{self._path}:{line}" if line else str(self._path)
        said = _dotted((*(variant if there else ()), *fault.keys))
        hint = f"did you mean {fault.hint}" if fault.hint.endswith("?") else fault.hint
        return UsageError(f"{where}: {said}{' ' if said else ''}{fault.says}", hint)


def _fault(message: str) -> Fault:
    """What msgspec says, with the keys as we have them."""
    if unknown := _UNKNOWN.fullmatch(message):
        keys = _keys(unknown["at"] or "")
        known = _known(keys)
        near = nearest(unknown["key"], known)
        hint = f"{near}?" if near else f"what there is: {', '.join(known)}"
        return Fault((*keys, unknown["key"]), "is no key here", hint)
    wrong = _WRONG.fullmatch(message)
    says, at = (wrong["says"], wrong["at"]) if wrong else (message, "")
    if missing := re.fullmatch(r"Object missing required field `([^`]*)`", says):
        return Fault((*_keys(at or ""), missing[1]), "is missing", "a recipe has a name and `me`")
    return Fault(_keys(at or ""), f"is not right: {says}")


def _keys(at: str) -> Keys:
    found = (key or number for key, number in _STEP.findall(at))
    return tuple(int(key) if key.isdigit() else key for key in found)


def _known(keys: Keys) -> list[str]:
    """The keys that a table has, found by walking the types along the keys."""
    struct: Any = Recipe
    for key in keys:
        name = _STRUCTS.get(key) if isinstance(key, str) else None
        if name is not None:
            struct = name
    return [name for name in struct.__struct_fields__ if name]


_STRUCTS: dict[str, Any] = {
    **dict.fromkeys(model.CONVERSATIONS, model.Step),
    "take": model.Take,
    "user": model.Take,
    "items": model.Take,
    "nobody": model.Nobody,
    "app": model.App,
    "stop": model.Stop,
    "ready": model.LogLine,
    "users": model.People,
    "every": model.Every,
    "client": model.ClientKind,
    "node": model.Node,
}


def _dotted(keys: Keys) -> str:
    said = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return said.removeprefix(".")
