"""What the types refuse, in plain words and with the whole key."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.model import Recipe
from sessionlab.lab.recipes.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessionlab.lab.recipes.places import Keys

WORDS = {
    "array": "a list",
    "object": "a table",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
_MESSAGE = re.compile(
    r"(?P<says>.*?)(?: - at `(?P<key>key` in `)?\$(?P<at>[^`]*)`)?", re.DOTALL
)  # `Expected `int`, got `str` - at `$.me.follow``, `… - at `key` in `$.expect``
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_SOME = "..."
"""What msgspec has for a key of a table whose keys are free."""


def converted(raw: dict[str, Any]) -> Recipe | Fault:
    """The recipe, or the first thing that its types refuse."""
    try:
        return msgspec.convert(raw, Recipe)
    except msgspec.ValidationError as error:
        return _fault(raw, str(error))


def _fault(raw: dict[str, Any], message: str) -> Fault:
    found = _MESSAGE.fullmatch(message)
    says, at, of_key = (
        (found["says"], found["at"] or "", found["key"]) if found else (message, "", "")
    )
    keys = tuple(
        key or (number if number == _SOME else int(number)) for key, number in _STEP.findall(at)
    )
    keys = _resolved(raw, (*keys, _SOME) if of_key else keys, message)
    if unknown := re.search(r"unknown field `(.*)`", says):
        return Fault((*keys, unknown[1]), "is no key here", _meant(unknown[1], _known(keys)))
    if missing := re.search(r"missing required field `(.*)`", says):
        return Fault(
            (*keys, missing[1]), "is missing", "a recipe has a `name` and `me`" if not keys else ""
        )
    if "enum value" in says:
        choices = _choices(keys[:-1], key=True) if of_key else _choices(keys)
        given = keys[-1] if of_key else _value(raw, keys)
        says = "is no key here" if of_key else f"{given!r} is not known"
        return Fault(keys, says, _meant(str(given), choices))
    if wrong := re.fullmatch(r"Expected `(.*)`, got `(.*)`", says):
        return _of_another_kind(keys, wrong[1].split(" | "), wrong[2], _value(raw, keys))
    return Fault(keys, f"is not right: {says}")


def _of_another_kind(keys: Keys, wanted: list[str], got: str, value: Any) -> Fault:
    names = [WORDS.get(name, name) for name in wanted if name != "null"]
    hint, begin = "", f"{keys[-1]} = " if isinstance(keys[-1], str) else ""
    if wanted == ["array"] and isinstance(value, str):
        hint = f"{begin}{_list_of(value)}"
    elif got in ("int", "float", "bool") and "str" in wanted:
        hint = f'{begin}"{str(value).lower()}"'
    return Fault(keys, f"is {WORDS.get(got, got)}, not {' or '.join(names)}", hint)


def _list_of(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return f"[{', '.join(msgspec.json.encode(word).decode() for word in words)}]"


def _meant(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"there are: {', '.join(known)}"


# Where


def _resolved(raw: dict[str, Any], keys: Keys, message: str) -> Keys:
    """With the real key for each that msgspec leaves out: alone in its table it is refused too."""
    for number, key in enumerate(keys):
        if key == _SOME:
            table = _value(raw, keys[:number])
            real = next(
                (one for one in table or () if _refused(raw, keys[:number], one) == message), _SOME
            )
            raw = _only(raw, keys[:number], real)
            keys = (*keys[:number], real, *keys[number + 1 :])
    return keys


def _refused(raw: dict[str, Any], keys: Keys, only: str) -> str:
    try:
        msgspec.convert(_only(raw, keys, only), Recipe)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _only(value: Any, keys: Keys, only: str) -> Any:
    """A copy in which the table at those keys has that key only."""
    if not keys:
        return {only: value[only]} if only in value else value
    changed = value.copy()
    changed[keys[0]] = _only(value[keys[0]], keys[1:], only)
    return changed


def _value(raw: Any, keys: Keys) -> Any:
    """What stands there; None for keys that lead nowhere."""
    for key in keys:
        try:
            raw = raw[key]
        except (LookupError, TypeError):
            return None
    return raw


# What the model has there


def _at(keys: Keys) -> Iterator[inspect.Type]:
    """The types at a place; several where the file may say it in several ways."""
    found: list[Any] = [inspect.type_info(Recipe)]
    for key in keys:
        found = [one for kind in _single(found) for one in _within(kind, key)]
    yield from _single(found)


def _single(kinds: Iterable[Any]) -> Iterator[Any]:
    for kind in kinds:
        yield from kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _within(kind: Any, key: str | int) -> list[Any]:
    if isinstance(kind, inspect.StructType):
        return [one.type for one in kind.fields if one.name == key]
    if isinstance(kind, inspect.DictType):
        return [kind.value_type]
    return [kind.item_type] if isinstance(kind, inspect.ListType) else []


def _known(keys: Keys) -> list[str]:
    return [
        one.name
        for kind in _at(keys)
        if isinstance(kind, inspect.StructType)
        for one in kind.fields
    ]


def _choices(keys: Keys, *, key: bool = False) -> list[str]:
    kinds: list[Any] = list(_at(keys))
    if key:
        kinds = [kind.key_type for kind in kinds if isinstance(kind, inspect.DictType)]
    return [
        str(value)
        for kind in kinds
        if isinstance(kind, inspect.LiteralType)
        for value in kind.values
    ]
