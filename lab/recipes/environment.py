"""`{env.NAME}`: what a recipe takes from the environment, passwords above all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.variables import used

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "env."


def from_environment(name: str) -> str | None:
    """What `{env.NAME}` stands for; None for a variable of another kind, and for an unset one."""
    return os.environ.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None


def check_environment(part: object, environment: Mapping[str, str] = os.environ) -> None:
    """Raises UsageError naming all variables that a recipe, or a part of one, needs and has not."""
    missing = {
        name
        for variable in used(part)
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
