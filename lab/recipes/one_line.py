"""A recipe out of a command line: `POST /login username={user} password={password}` and so on.

A conversation is one step: a method, a path, and words. `key=value` is a field of its form;
`json:user` says where the answer names the user (`me`), or has the items (`read`).
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.model import METHODS, Take

if TYPE_CHECKING:
    from collections.abc import Mapping

FINDS = {"me": "user", "read": "items"}
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def recipe(run: str, name: str, **conversations: str | None) -> dict[str, Any]:
    """The raw recipe, for `reading.parse`; raises UsageError for what is no such line."""
    said = {what: _step(what, line) for what, line in conversations.items() if line}
    return {"name": name, "app": {"run": _words("run", run)}, **said}


def written(raw: Mapping[str, Any]) -> str:
    """The same as a TOML file."""
    lines = [f"{name} = {_value(value)}" for name, value in raw.items() if type(value) is not dict]
    for name, table in raw.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]"]
            lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _step(what: str, line: str) -> dict[str, Any]:
    method, path, *words = [*_words(what, line), "", ""]
    if method.lower() not in METHODS or not path:
        raise UsageError(
            f"--{what} {line!r} is no request", f"write METHOD PATH, as in '{_example(what)}'"
        )
    step: dict[str, Any] = {method.lower(): path}
    for word in filter(None, words):
        kind, colon, rest = word.partition(":")
        key, equals, value = word.partition("=")
        if what in FINDS and colon and kind in Take.__struct_fields__:
            step[FINDS[what]] = {kind: rest}
        elif equals and key:
            step.setdefault("form", {})[key] = value
        else:
            raise UsageError(
                f"--{what}: {word!r} is neither key=value nor a place such as json:user",
                f"as in '{_example(what)}'",
            )
    return step


def _words(what: str, line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"--{what} {line!r} cannot be read: {error}") from None


def _example(what: str) -> str:
    return {
        "login": "POST /login username={user} password={password}",
        "me": "GET /whoami json:user",
        "write": "POST /cart item={item}",
        "read": "GET /cart json:cart",
    }.get(what, "POST /logout")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)
