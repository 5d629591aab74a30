"""What the types refuse, in plain words and with the whole key."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import inspect

from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.nearest import meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessionlab.lab.recipes.places import Keys

T = TypeVar("T")
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


def converted(raw: dict[str, Any], kind: type[T]) -> T | Fault:
    """What the file describes, or the first thing that its types refuse."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        return _fault(raw, str(error), kind)


def _fault(raw: dict[str, Any], message: str, kind: type) -> Fault:
    found = _MESSAGE.fullmatch(message)
    says, at, of_key = (
        (found["says"], found["at"] or "", found["key"]) if found else (message, "", "")
    )
    keys = tuple(
        key or (number if number == _SOME else int(number)) for key, number in _STEP.findall(at)
    )
    keys = _resolved(raw, (*keys, _SOME) if of_key else keys, message, kind)
    if unknown := re.search(r"unknown field `(.*)`", says):
        return Fault((*keys, unknown[1]), "is no key here", meant(unknown[1], _known(kind, keys)))
    if missing := re.search(r"missing required field `(.*)`", says):
        hint = "" if keys else f"it takes {_required(kind)}"
        return Fault((*keys, missing[1]), "is missing", hint)
    if "enum value" in says:
        choices = _choices(kind, keys[:-1], key=True) if of_key else _choices(kind, keys)
        given = keys[-1] if of_key else _value(raw, keys)
        says = "is no key here" if of_key else f"{given!r} is not known"
        return Fault(keys, says, meant(str(given), choices))
    if wrong := re.fullmatch(r"Expected `(.*)`, got `(.*)`", says):
        return _of_another_kind(keys, wrong[1].split(" | "), wrong[2], _value(raw, keys))
    if limit := re.fullmatch(r"Expected `\w+` ([<>]=?) (\S+)", says):
        return Fault(keys, f"is {_value(raw, keys)}", f"{limit[1]} {float(limit[2]):g}")
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


# Where


def _resolved(raw: dict[str, Any], keys: Keys, message: str, kind: type) -> Keys:
    """With the real key for each that msgspec leaves out: alone in its table it is refused too."""
    for number, key in enumerate(keys):
        if key == _SOME:
            table = _value(raw, keys[:number])
            real = next(
                (one for one in table or () if _refused(raw, keys[:number], one, kind) == message),
                _SOME,
            )
            raw = _only(raw, keys[:number], real)
            keys = (*keys[:number], real, *keys[number + 1 :])
    return keys


def _refused(raw: dict[str, Any], keys: Keys, only: str, kind: type) -> str:
    try:
        msgspec.convert(_only(raw, keys, only), kind)
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


def _at(kind: type, keys: Keys) -> Iterator[inspect.Type]:
    """The types at a place; several where the file may say it in several ways."""
    found: list[Any] = [inspect.type_info(kind)]
    for key in keys:
        found = [one for each in _single(found) for one in _within(each, key)]
    yield from _single(found)


def _single(kinds: Iterable[Any]) -> Iterator[Any]:
    for kind in kinds:
        yield from kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _within(kind: Any, key: str | int) -> list[Any]:
    if isinstance(kind, inspect.StructType):
        return [one.type for one in kind.fields if one.encode_name == key]
    if isinstance(kind, inspect.DictType):
        return [kind.value_type]
    return [kind.item_type] if isinstance(kind, inspect.ListType) else []


def _known(kind: type, keys: Keys) -> list[str]:
    return [one.encode_name for one in _fields(kind, keys)]


def _required(kind: type) -> str:
    return " and ".join(f"`{one.encode_name}`" for one in _fields(kind, ()) if one.required)


def _fields(kind: type, keys: Keys) -> Iterator[inspect.Field]:
    for each in _at(kind, keys):
        yield from each.fields if isinstance(each, inspect.StructType) else ()


def _choices(kind: type, keys: Keys, *, key: bool = False) -> list[str]:
    kinds: list[Any] = list(_at(kind, keys))
    if key:
        kinds = [kind.key_type for kind in kinds if isinstance(kind, inspect.DictType)]
    return [
        str(value)
        for kind in kinds
        if isinstance(kind, inspect.LiteralType)
        for value in kind.values
    ]
