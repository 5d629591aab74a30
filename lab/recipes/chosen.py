"""The app that a cluster's copies run: a recipe in one of its variants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes import reading
from sessionlab.lab.recipes.environment import from_environment
from sessionlab.lab.recipes.variables import (
    Lookup,
    Unknown,
    fill,
    template,
    used,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.recipes.model import App, Recipe
    from sessionlab.lab.recipes.reading import RecipeFile

DAILY = ("connect", "login", "me", "write", "read", "logout", "refresh")
"""What any user does, whatever befalls the cluster."""


@dataclass(frozen=True)
class Chosen:
    """One variant of a recipe, or its base. Raises UsageError when it cannot be started."""

    file: RecipeFile
    variant: str | None = None

    def __post_init__(self) -> None:
        if self.recipe.app is None:
            raise UsageError(
                f"{self.file.path} does not say how a copy of the app is started",
                'write [app], with run = ["gunicorn", "-b", "{host}:{port}", "shop:app"] or so',
            )

    @classmethod
    def read(cls, path: Path, variant: str | None = None) -> Chosen:
        """Out of a recipe's file or folder; raises UsageError."""
        return cls(reading.read(path), variant)

    @cached_property
    def recipe(self) -> Recipe:
        return self.file.variant(self.variant)

    @property
    def app(self) -> App:
        """How one copy is started."""
        assert self.recipe.app is not None  # noqa: S101  looked at when this was made
        return self.recipe.app

    @property
    def title(self) -> str:
        """What a person calls it: `shop`, or `shop, redis`."""
        return ", ".join(filter(None, (self.recipe.name, self.variant)))

    @property
    def most_users(self) -> int:
        """How many users it lets the lab have."""
        return self.recipe.users.count

    @cached_property
    def names_redis(self) -> bool:
        """Whether `{redis}` is in it anywhere: then it takes a Redis."""
        return any(variable.name == "redis" for variable in used(self.recipe))

    @property
    def password(self) -> str:
        """What all users log in with who have none of their own; empty where each has another."""
        text = self.recipe.users.password
        own = {"user", "number"} & {part.name for part in template(text).variables}
        return "" if own else str(self.filled(text))

    def filled(self, value: Any, lookup: Lookup = from_environment) -> Any:
        """A value of the recipe without variables; raises UsageError for one that is not set."""
        try:
            return fill(value, lookup)
        except Unknown as error:
            name = str(error)
            hint = f"set {name.removeprefix('env.')}" if name.startswith("env.") else ""
            raise UsageError(f"{self.file.path}: {{{name}}} has no value", hint) from None

    def want_image(self) -> None:
        """Raise UsageError where it cannot run in a container."""
        if not self.app.image:
            raise UsageError(
                f"{self.file.path} says no image that the app is in, so it runs in no container",
                'write image = "…" in its [app], or leave --fabric docker',
            )

    def want_no_script(self) -> None:
        """Raise UsageError where users can't be themselves without a script: none is run here."""
        for name in DAILY:
            if script := next((one.script for one in self.recipe.steps(name) if one.script), ""):
                raise UsageError(
                    f"{self.file.path}: `{name}` is a script ({script}), and none is run here",
                    "say it by requests, or prove the app with `sessionlab check --allow-script`",
                )

    @property
    def checked_path(self) -> str | None:
        """What a balancer asks a copy for, to see whether it is well; None to only connect."""
        ready = self.app.ready
        is_path = isinstance(ready, str) and ready != "tcp" and not template(ready).variables
        return str(ready) if is_path else None
