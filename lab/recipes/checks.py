"""What a recipe's types cannot say: steps that ask for nothing, variables that nothing sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from yarl import URL

from sessionlab.lab.recipes.model import CONVERSATIONS, METHODS, Recipe, Step, Take
from sessionlab.lab.recipes.nearest import nearest
from sessionlab.lab.recipes.variables import strings, template

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sessionlab.lab.recipes.places import Keys

OF_COPIES = ("host", "port", "name", "n", "dir", "shared", "secret", "copy.secret", "redis")
OF_USERS = ("base", "public", "user", "password", "userpass", "item")
OPEN = ("cookie.", "env.")
"""What begins like this is known by its rest: a cookie's name, a variable of the environment."""
ANY_HOST = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, at which keys, and what would be right."""

    keys: Keys
    says: str
    hint: str = ""


def faults(recipe: Recipe) -> Iterator[Fault]:
    """All that is wrong with a recipe whose types are right."""
    for conversation in CONVERSATIONS:
        steps = recipe.steps(conversation)
        if getattr(recipe, conversation) == []:
            yield Fault((conversation,), "has no step", "give it one, or leave it out")
        for number, step in enumerate(steps):
            keys: Keys = (conversation, number) if len(steps) > 1 else (conversation,)
            yield from _step(recipe, conversation, step, keys, last=number == len(steps) - 1)
    yield from _pairs(recipe)
    yield from _variables(recipe)
    if recipe.app:
        yield from _app(recipe)


def _step(
    recipe: Recipe, conversation: str, step: Step, keys: Keys, *, last: bool
) -> Iterator[Fault]:
    asked = [name for name in (*METHODS, "ws", "script") if getattr(step, name)]
    if len(asked) != 1:
        says = f"asks for {len(asked)} things ({', '.join(asked)})" if asked else "asks for nothing"
        yield Fault(keys, says, f"one of {', '.join(METHODS)}, ws or script")
        return
    yield from _reachable(recipe, step, (*keys, asked[0]))
    bodies = [name for name in ("json", "form", "body") if getattr(step, name) is not msgspec.UNSET]
    if len(bodies) > 1:
        yield Fault(keys, f"has {' and '.join(bodies)}", "a request has one body")
    if asked[0] != "ws":
        for name in ("send", "until", "reply"):
            if getattr(step, name):
                yield Fault((*keys, name), "is for a `ws` step", "a request has json, form or body")
    for name, where in (("user", "me"), ("nobody", "me"), ("items", "read")):
        if getattr(step, name) and conversation != where:
            yield Fault((*keys, name), f"belongs to `{where}`", f"not to `{conversation}`")
    if conversation == "me" and last and step.user is None and not step.script:
        yield Fault(keys, "does not say where the user is named", 'user = {json = "name"}')
    if conversation == "read" and last and step.items is None and not step.script:
        yield Fault(keys, "does not say where the items are", 'items = {json = "cart"}')
    if step.user and not last:
        yield Fault((*keys, "user"), "is looked for in the last step only", "move it there")
    if step.within <= 0:
        yield Fault((*keys, "within"), f"is {step.within:g} seconds", "more than 0")
    takes: dict[Keys, Take | None] = {("take", name): take for name, take in step.take.items()}
    finds: dict[Keys, Take | None] = {("user",): step.user, ("items",): step.items}
    for at, take in {**takes, **finds}.items():
        if take is not None:
            yield from _take(take, (*keys, *at))
    yield from _regexes(step, keys)


def _reachable(recipe: Recipe, step: Step, keys: Keys) -> Iterator[Fault]:
    """A path of the app's, or a URL of a host that the recipe names."""
    path = step.path
    if step.script:
        if not re.fullmatch(r"[\w.]+:\w+", path):
            yield Fault(keys, f"{path!r} names no function", "module:function")
        return
    if path.startswith(("/", "{")):
        return
    host = URL(template(path).fill(lambda _: "x") or "").host if "://" in path else None
    if host is None:
        yield Fault(keys, f"{path!r} is no path", f"/{path}")
    elif host not in recipe.hosts:
        hint = f"hosts = [{host!r}] lets it leave the app"
        yield Fault(keys, f"{host} cannot be reached: requests stay with the app", hint)


def _take(take: Take, keys: Keys) -> Iterator[Fault]:
    given = [name for name in take.__struct_fields__ if getattr(take, name)]
    if len(given) != 1:
        yield Fault(
            keys,
            f"is looked for in {len(given)} places" if given else "is looked for nowhere",
            f"one of {', '.join(take.__struct_fields__)}",
        )
    elif take.regex:
        yield from _regex(take.regex, (*keys, "regex"))


def _regexes(step: Step, keys: Keys) -> Iterator[Fault]:
    yield from _regex(step.until, (*keys, "until"))
    for pattern in step.reply:
        yield from _regex(pattern, (*keys, "reply", pattern))
    if step.nobody:
        yield from _regex(step.nobody.path, (*keys, "nobody", "path"))
        yield from _regex(step.nobody.body, (*keys, "nobody", "body"))


def _regex(pattern: str, keys: Keys) -> Iterator[Fault]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield Fault(keys, f"{pattern!r} is no regular expression: {error}")


def _pairs(recipe: Recipe) -> Iterator[Fault]:
    if recipe.read and not recipe.write:
        yield Fault(("read",), "has nothing to find without `write`", "describe `write` as well")
    if recipe.node:
        yield from _take_node(recipe)
    if recipe.users.count < 1:
        yield Fault(("users", "count"), f"is {recipe.users.count}", "1 or more")
    for number, one in enumerate(recipe.users.list):
        if "name" not in one:
            yield Fault(("users", "list", number), "has no name", "{name = …, password = …}")
    for variable in template(recipe.users.pattern).variables:
        if variable.name != "number" and not variable.name.startswith("env."):
            yield Fault(("users", "pattern"), f"{{{variable.name}}} is nothing here", "{number}")


def _take_node(recipe: Recipe) -> Iterator[Fault]:
    node = recipe.node
    given = [name for name in ("header", "json", "cookie") if getattr(node, name)]
    if len(given) != 1:
        yield Fault(("node",), "has to be in one place", "one of header, json, cookie")


def _variables(recipe: Recipe) -> Iterator[Fault]:
    taken = {name for c in CONVERSATIONS for step in recipe.steps(c) for name in step.take}
    extra = {f"user.{key}" for one in recipe.users.list for key in one}
    known = {*OF_COPIES, *OF_USERS, *taken, *extra}
    fields = msgspec.to_builtins(recipe)
    for keys, text in strings({c: fields[c] for c in CONVERSATIONS if c in fields}):
        yield from _unset(text, keys, known)
    yield from _unset(recipe.identity, ("identity",), known)
    for keys, text in strings(fields.get("every", {}), ("every",)):
        yield from _unset(text, keys, known)
    for keys, text in strings(fields.get("app", {}), ("app",)):
        yield from _unset(text, keys, {*OF_COPIES, "public", "password"})
    for keys, text in strings(fields.get("users", {}), ("users",)):
        if keys[1] in ("password", "list"):
            yield from _unset(text, keys, set())


def _unset(text: str, keys: Keys, known: Collection[str]) -> Iterator[Fault]:
    for variable in template(text).variables:
        name = variable.name
        if name in known or name.startswith(OPEN):
            continue
        near = nearest(name, known)
        yield Fault(
            keys,
            f"nothing sets {{{name}}}",
            f"{{{near}}}?" if near else f"a literal is written {{{{{name}}}}}; `take` sets one",
        )


def _app(recipe: Recipe) -> Iterator[Fault]:
    app = recipe.app
    assert app is not None  # noqa: S101
    if not app.run:
        yield Fault(("app", "run"), "is empty", "the command of one copy")
    if not isinstance(app.ready, str):
        yield from _regex(app.ready.log, ("app", "ready", "log"))
    elif app.ready != "tcp" and not app.ready.startswith("/"):
        yield Fault(("app", "ready"), f"{app.ready!r} is no path", '"/healthz", "tcp", {log = "…"}')
    if app.image and any("127.0.0.1" in text for text in app.run):
        yield Fault(("app", "run"), "127.0.0.1 is not reached from outside a container", "{host}")
