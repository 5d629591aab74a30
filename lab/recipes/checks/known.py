"""Variables that nothing sets, or nothing before they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.model import CONVERSATIONS, Recipe
from sessionlab.lab.recipes.nearest import nearest
from sessionlab.lab.recipes.variables import strings, template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessionlab.lab.recipes.places import Keys
    from sessionlab.lab.recipes.variables import Variable

OF_COPIES = {"host", "port", "name", "n", "dir", "shared", "secret", "copy.secret", "redis"}
OF_ALL = {"public"}
OF_USERS = {"base", "user", "password", "userpass"}
ITEM = "item"
ENVIRONMENT, COOKIE = "env.", "cookie."
"""What begins like this is known by its rest: the name of a variable, of a cookie."""
FIRST = ("connect", "login")
"""What comes before all else."""

_Use = tuple["Keys", "Variable"]


def variable_faults(recipe: Recipe) -> Iterator[Fault]:
    """All variables that have no value where they stand."""
    fields = msgspec.to_builtins(recipe)
    of_clients = _of_clients(recipe)
    for conversation in CONVERSATIONS:
        yield from _in_conversation(recipe, conversation, of_clients)
    taken = {name for one in CONVERSATIONS for name in _taken(recipe, one)}
    yield from _unset(_uses(recipe.identity, ("identity",)), of_clients | taken)
    every = list(_uses(fields.get("every", {}), ("every",)))
    yield from _unset(every, of_clients | taken)
    yield from _too_late(recipe, every, taken)
    yield from _before_clients(fields)


def _of_clients(recipe: Recipe) -> set[str]:
    """What a client knows before it asks for anything."""
    shown = {f"user.{key}" for one in recipe.users.list for key in one}
    return OF_COPIES | OF_ALL | OF_USERS | shown


def _in_conversation(recipe: Recipe, conversation: str, known: set[str]) -> Iterator[Fault]:
    """What a step uses has to be taken before it, or by a conversation that may come before."""
    others = FIRST if conversation in FIRST else CONVERSATIONS
    known = known | {name for one in others if one != conversation for name in _taken(recipe, one)}
    known |= {ITEM} if conversation == "write" else set()
    later = {name for one in CONVERSATIONS for name in _taken(recipe, one)}
    steps, said = recipe.steps(conversation), getattr(recipe, conversation)
    for number, step in enumerate(steps):
        keys: Keys = (conversation, number) if isinstance(said, list) else (conversation,)
        uses = list(_uses(msgspec.to_builtins(step), keys))
        yield from _unset(uses, known, later)
        known |= set(step.take)


def _taken(recipe: Recipe, conversation: str) -> list[str]:
    return [name for step in recipe.steps(conversation) for name in step.take]


def _too_late(recipe: Recipe, every: list[_Use], taken: set[str]) -> Iterator[Fault]:
    """What goes with each request goes with the first, before anything is taken."""
    if not any(recipe.steps(one) for one in FIRST):
        return
    for keys, variable in every:
        if variable.name in taken and not variable.optional:
            says = f"{{{variable.name}}} is unknown at the first request"
            yield Fault(keys, says, f"{{{variable.name}?}} leaves it out until it is known")


def _before_clients(fields: dict[str, object]) -> Iterator[Fault]:
    """What is filled in before there is a client: no cookie is known yet."""
    known = {"pattern": {"number"}, "password": {"number", "user"}, "list": set[str]()}
    for use in _uses(fields.get("users", {}), ("users",)):
        yield from _unset([use], known[str(use[0][1])], opens=(ENVIRONMENT,))
    app = _uses(fields.get("app", {}), ("app",))
    yield from _unset(app, OF_COPIES | OF_ALL | {"password"}, opens=(ENVIRONMENT,))


def _uses(value: object, at: Keys) -> Iterator[_Use]:
    for keys, text in strings(value, at):
        for variable in template(text).variables:
            yield keys, variable


def _unset(
    uses: Iterable[_Use],
    known: set[str],
    later: Iterable[str] = (),
    opens: tuple[str, ...] = (ENVIRONMENT, COOKIE),
) -> Iterator[Fault]:
    for keys, variable in uses:
        name = variable.name
        if name in known or name.startswith(opens) or (name in later and variable.optional):
            continue
        if name in later:
            yield Fault(keys, f"{{{name}}} is taken only after this", "take it in a step before")
        elif name == ITEM:
            yield Fault(keys, "{item} is what `write` puts in", "it has no value elsewhere")
        else:
            near = nearest(name, known)
            literal = f"a literal is written {{{{{name}}}}}; `take.{name} = {{…}}` sets one"
            hint = f"did you mean {{{near}}}?" if near else literal
            yield Fault(keys, f"nothing sets {{{name}}}", hint)
