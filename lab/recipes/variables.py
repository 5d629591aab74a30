"""`{name}` in a recipe's strings: parsed once, filled in for each copy or request.

Braces around anything but a name are text, `{{x}}` is a literal `{x}`, and `{x?}` leaves the whole
field out while x is unknown. `{x|base64}` is x in base64 (RFC 4648, 4), as `Authorization: Basic`
has it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from sessionlab.lab.recipes.model import Recipe

_NAME = r"[A-Za-z_]\w*(?:\.[\w.-]*[\w-])?"
_VARIABLE = re.compile(
    rf"\{{\{{(?P<literal>{_NAME}(?:\|base64)?\??)\}}\}}"
    rf"|\{{(?P<name>{_NAME})(?P<base64>\|base64)?(?P<optional>\?)?\}}"
)

Lookup = Callable[[str], str | None]
"""A variable's value by its name; None while it is unknown."""


class Unknown(Exception):
    """A variable that a string cannot do without has no value: `str()` is its name."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One place in a string; `name` is without braces and marks."""

    name: str
    optional: bool = False
    base64: bool = False

    def value(self, lookup: Lookup) -> str | None:
        found = lookup(self.name)
        if found is None and not self.optional:
            raise Unknown(self.name)
        if found is None or not self.base64:
            return found
        return base64.b64encode(found.encode()).decode()


@dataclass(frozen=True, slots=True)
class Template:
    """A string with its variables."""

    parts: tuple[str | Variable, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def fill(self, lookup: Lookup) -> str | None:
        """The string with each variable's value; None to leave the field out.

        Raises Unknown for a variable without a value that is not optional.
        """
        said = [part if isinstance(part, str) else part.value(lookup) for part in self.parts]
        known = [part for part in said if part is not None]
        return "".join(known) if len(known) == len(said) else None


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """The string's parts."""
    parts: list[str | Variable] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found["literal"]:
            parts.append(f"{{{found['literal']}}}")
        else:
            parts.append(Variable(found["name"], bool(found["optional"]), bool(found["base64"])))
    parts.append(text[end:])
    return Template(tuple(part for part in parts if part != ""))


def fill(value: Any, lookup: Lookup) -> Any:
    """A string, list or table with all that is in it filled in; None to leave the field out.

    A field of a table, or an item of a list, that is to be left out is. Raises Unknown.
    """
    if isinstance(value, str):
        return template(value).fill(lookup)
    if isinstance(value, dict):
        filled = {name: fill(one, lookup) for name, one in value.items()}
        return {name: one for name, one in filled.items() if one is not None or value[name] is None}
    if isinstance(value, list):
        return [new for one in value if (new := fill(one, lookup)) is not None or one is None]
    return value


def used(part: object) -> Iterator[Variable]:
    """Every variable in a part of a recipe, or in all of one but its variants."""
    if isinstance(part, Recipe):
        part = replace(part, variants={})
    for _, text in strings(to_builtins(part)):
        yield from template(text).variables


def strings(
    value: Any, at: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every string in a value of a recipe, with the keys that lead to it."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from strings(one, (*at, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from strings(one, (*at, number))
