"""Which stories can be told of an app that is not ours, and what stands in for what they ask of it.

A story asks for a strategy by its name: the variant of that name stands in for it. What only our
demo app has (options, keys, its cookie) makes it skip, with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.description.cluster import CLUSTER, SERVICE, Service
from sessionlab.lab.errors import Skip, UsageError
from sessionlab.lab.recipes.chosen import Chosen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sessionlab.lab.description.cluster import Wishes
    from sessionlab.lab.recipes.model import Recipe

OURS = "sessionlab.scenarios."
_OF_THE_DEMO = ("jwt_algorithm", "one_key", "trust_balancer")
_ITS_COOKIE = re.compile(r"(^|:)sid$")


def check(app: Chosen, module: str, *, about_demo: bool) -> None:
    """Raise Skip for a story of that module which cannot be told of the app at all."""
    if about_demo:
        raise Skip("it is about what only our demo app does")
    if module.startswith(OURS) and not _says_401(app.recipe):
        raise Skip(
            "it counts answers with 401, and this app says otherwise that it knows nobody",
            "`sessionlab check` goes by what the recipe says",
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a story asks for as the nodes of a cluster; `app` is a recipe of its own."""

    nodes: int
    strategy: str
    services: Sequence[str]
    options: Mapping[str, str]
    wishes: Wishes
    app: Path | None = None
    variant: str | None = None

    def services_of(self, instead: Chosen | None) -> tuple[Service, ...]:
        """What is to be started; `instead` of our demo app, if another is given.

        Raises UsageError for what makes no sense, and Skip where nothing stands in for it.
        """
        if self.app is not None:
            return (self._own(self.app, instead),)
        if instead:
            self._check()
            return (Service.of(_variant(instead, self.strategy), self.nodes),)
        strategy = self.strategy or SERVICE.strategy
        return tuple(Service(name, self.nodes, strategy, self.options) for name in self.services)

    def _own(self, app: Path, instead: Chosen | None) -> Service:
        if self.strategy or self.options or len(self.services) > 1:
            raise UsageError(
                "a cluster of an app takes no strategy, options or services",
                "they are our demo app's; what an app can be is in the variants of its recipe",
            )
        if instead:
            raise Skip("it is about an app of its own")
        chosen = Chosen.read(app, self.variant)
        chosen.want_no_script()
        return Service.of(chosen, self.nodes)

    def _check(self) -> None:
        if len(self.services) > 1:
            raise Skip("it takes several services, and a recipe describes one")
        if self.options:
            raise Skip(f"it sets options of our demo app: {', '.join(self.options)}")
        for name in _OF_THE_DEMO:
            usual = getattr(CLUSTER, name)
            if self.wishes.get(name, usual) != usual:
                raise Skip(f"it asks for a {name} of its own, and a recipe cannot be told")
        for what in (self.wishes.get("affinity", ""), self.wishes.get("algorithm", "")):
            if _ITS_COOKIE.search(what):
                raise Skip(f"it takes {what}, which goes by the cookie of our demo app")


def _variant(app: Chosen, strategy: str) -> Chosen:
    if not strategy or strategy == app.variant:
        return app
    if app.variant is not None:
        raise Skip(f"it takes {strategy}, and --variant says {app.variant}")
    if strategy not in app.file.variants:
        raise Skip(
            f"it takes {strategy}, and {app.file.path} has no variant of that name",
            f"[variants.{strategy}] in it would stand in for that",
        )
    return Chosen(app.file, strategy)


def _says_401(recipe: Recipe) -> bool:
    """Whether it says with 401 that it knows nobody, as it does unless the recipe says else."""
    said = [step.nobody.status for step in recipe.steps("me") if step.nobody]
    return not said or any(status in (401, [401]) for status in said)
