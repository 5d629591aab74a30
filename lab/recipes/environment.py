"""`{env.NAME}`: what a recipe takes from the environment, passwords above all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.variables import strings, template

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "env."


def check_environment(part: object, environment: Mapping[str, str] = os.environ) -> None:
    """Raises UsageError that names every variable which a recipe, or a part of one, needs unset."""
    missing = {
        name
        for _, text in strings(msgspec.to_builtins(part))
        for variable in template(text).variables
        if not variable.optional
        and (name := variable.name.removeprefix(PREFIX)) != variable.name
        and name not in environment
    }
    if missing:
        names = sorted(missing)
        raise UsageError(
            f"the recipe takes {', '.join(names)} from the environment, which has no such variable",
            f"export {' '.join(f'{name}=…' for name in names)}",
        )
