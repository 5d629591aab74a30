"""What a recipe's types cannot say: steps that ask for nothing, variables that nothing sets."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.checks.known import variable_faults
from sessionlab.lab.recipes.checks.steps import Place, one_place, regex, step_faults
from sessionlab.lab.recipes.model import CONVERSATIONS, App, LogLine, Recipe
from sessionlab.lab.recipes.nearest import meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.recipes.places import Keys


def faults(recipe: Recipe) -> Iterator[Fault]:
    """All that is wrong with a recipe whose types are right."""
    for conversation in CONVERSATIONS:
        yield from _conversation(recipe, conversation)
    yield from _users(recipe)
    if recipe.node:
        yield from one_place(recipe.node, ("node",))
    if recipe.app:
        yield from _app(recipe, recipe.app)
    yield from variable_faults(recipe)


def _conversation(recipe: Recipe, conversation: str) -> Iterator[Fault]:
    said, steps = getattr(recipe, conversation), recipe.steps(conversation)
    if said == []:
        yield Fault((conversation,), "has no step", "give it one, or leave it out")
    for number, step in enumerate(steps):
        keys: Keys = (conversation, number) if isinstance(said, list) else (conversation,)
        last = number == len(steps) - 1
        yield from step_faults(Place(recipe, conversation, step, keys, last))
    named = any(step.items or step.script for step in steps)
    if conversation == "read" and steps and not named:
        yield Fault(("read",), "does not say where the items are", 'items = {json = "cart"}')


def _users(recipe: Recipe) -> Iterator[Fault]:
    if recipe.users.count < 1:
        yield Fault(("users", "count"), f"is {recipe.users.count}", "1 or more")
    for number, one in enumerate(recipe.users.list):
        if "name" not in one:
            yield Fault(("users", "list", number), "has no name", "{name = …, password = …}")


def _app(recipe: Recipe, app: App) -> Iterator[Fault]:
    if not app.run and not _runs_in_variants(recipe):
        yield Fault(("app", "run"), "is missing", 'the command of one copy: run = ["…", "{port}"]')
    if isinstance(app.ready, LogLine):
        yield from regex(app.ready.log, ("app", "ready", "log"))
    elif app.ready != "tcp" and not app.ready.startswith("/"):
        yield Fault(("app", "ready"), f"{app.ready!r} is no path", '"/healthz", "tcp", {log = "…"}')
    if app.image and any("127.0.0.1" in text for text in app.run):
        yield Fault(("app", "run"), "127.0.0.1 is not reached from outside a container", "{host}")
    signals = [one.name for one in signal.Signals]
    if app.stop.signal not in signals:
        hint = meant(app.stop.signal, signals, "SIGTERM, SIGINT, SIGQUIT, …")
        yield Fault(("app", "stop"), f"{app.stop.signal!r} is no signal", hint)
    if not app.stop.seconds >= 0:
        yield Fault(("app", "stop"), f"{app.stop.seconds:g} are no seconds", "0 or more")


def _runs_in_variants(recipe: Recipe) -> bool:
    """Whether the base is only what its variants share."""
    apps = [over.get("app") for over in recipe.variants.values()]
    return any(isinstance(app, dict) and app.get("run") for app in apps)
