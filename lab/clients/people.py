"""Who logs in: the accounts that a recipe names, or makes up by a pattern."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads it, see `workload/target`
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.environment import PREFIX, from_environment
from sessionlab.lab.recipes.variables import Unknown, template

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import People, Recipe


@dataclass(frozen=True, slots=True)
class Person:
    """One account: `more` are the further keys of a list of users, as in `{user.shown}`."""

    name: str
    password: str = field(repr=False)
    more: Mapping[str, str] = field(default_factory=dict, repr=False)


def people(recipe: Recipe, count: int) -> list[Person]:
    """The accounts of so many clients; those of a list serve several clients, round and round.

    Raises UsageError for more than the recipe allows, and for a variable of the environment that is
    not set.
    """
    users = recipe.users
    if count > users.count:
        raise UsageError(
            f"{count} users are more than the {users.count} that {recipe.name}'s recipe allows",
            f"ask for fewer, or say `count = {count}` in its [users]",
        )
    if users.list:
        filled = [_of_list(one, users.password) for one in users.list]
        return [filled[number % len(filled)] for number in range(count)]
    return [_of_pattern(users, str(number)) for number in range(1, count + 1)]


def _of_pattern(users: People, number: str) -> Person:
    name = _filled(users.pattern, number=number)
    return Person(name, _filled(users.password, number=number, user=name))


def _of_list(one: Mapping[str, str], password: str) -> Person:
    said = {key: _filled(value) for key, value in one.items()}
    more = {key: value for key, value in said.items() if key not in ("name", "password")}
    return Person(said["name"], said.get("password") or _filled(password, user=said["name"]), more)


def _filled(text: str, **own: str) -> str:
    try:
        return template(text).fill(lambda name: own.get(name, from_environment(name))) or ""
    except Unknown as unknown:
        name = str(unknown).removeprefix(PREFIX)
        raise UsageError(
            f"[users] needs the environment variable {name}, which is not set",
            f"export {name}=…",
        ) from None
