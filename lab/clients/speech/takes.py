"""Finds what a recipe takes from an answer."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from sessionlab.lab.clients.speech.heard import NOT_THERE, parsed

if TYPE_CHECKING:
    from sessionlab.lab.clients.speech.heard import Heard
    from sessionlab.lab.recipes.model import Node, Take


def find(take: Take | Node, heard: Heard) -> Any:
    """What is there, be it None; `NOT_THERE` when nothing is."""
    kind = next(name for name in take.__struct_fields__ if getattr(take, name))
    return _FINDERS[kind](heard, getattr(take, kind))


def found(take: Take | Node, heard: Heard) -> str | None:
    """The same as text; None when nothing is there, or nothing in it."""
    value = find(take, heard)
    return None if value is NOT_THERE or value is None else in_text(value)


def every(take: Take, heard: Heard) -> tuple[str, ...] | None:
    """All that is there, one by one; None when it is not there."""
    if take.regex:
        return tuple(
            match[1] if match.re.groups else match[0]
            for match in re.finditer(take.regex, heard.text)
            if not match.re.groups or match[1] is not None
        )
    value = find(take, heard)
    if value is NOT_THERE:
        return None
    if isinstance(value, (list, dict)):
        return tuple(in_text(one) for one in value)
    return () if value is None else (in_text(value),)


def walk(value: Any, path: str) -> Any:
    """`a.b.0 | c`: keys and numbers, and after a bar what the JSON in that string has."""
    for number, part in enumerate(path.split("|")):
        if number:
            value = parsed(value) if isinstance(value, str) else NOT_THERE
        for key in filter(None, part.strip().split(".")):
            value = _step(value, key)
    return value


def in_text(value: Any) -> str:
    """A string as it is, anything else as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def told(take: Take) -> str:
    """What is looked for, as a person reads it: `<input name=csrf>`."""
    said = getattr(take, take.kind)
    return {
        "json": f"JSON {said}",
        "regex": f"/{said}/",
        "html": f"<input name={said}>",
        "header": f"the header {said}",
        "cookie": f"the cookie {said}",
        "sse": f"the server-sent event {said}",
    }[take.kind]


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, NOT_THERE)
    if isinstance(value, list) and re.fullmatch(r"-?\d{1,9}", key):
        number = int(key)
        return value[number] if -len(value) <= number < len(value) else NOT_THERE
    return NOT_THERE


def _regex(heard: Heard, pattern: str) -> Any:
    """The first group, None where it took no part in the match; or all that matched."""
    match = re.search(pattern, heard.text)
    if match is None:
        return NOT_THERE
    return match[1] if match.re.groups else match[0]


def _header(heard: Heard, name: str) -> Any:
    for headers in (heard.headers, *(said for _, said in reversed(heard.passed))):
        if name in headers:
            return headers[name]
    return NOT_THERE


def _cookie(heard: Heard, name: str) -> Any:
    for line in reversed(heard.set_cookies):
        key, _, value = line.partition(";")[0].partition("=")
        if key.strip() == name:
            return _unquoted(value.strip())
    return NOT_THERE


def _unquoted(value: str) -> str:
    try:
        return SimpleCookie(f"x={value}")["x"].value
    except (CookieError, KeyError):
        return value


def _sse(heard: Heard, name: str) -> Any:
    named = [event.data for event in heard.events or () if event.name == name]
    return named[-1] if named else NOT_THERE


def _html(heard: Heard, name: str) -> Any:
    page = _Page(name)
    page.feed(heard.text)
    return page.value


class _Page(HTMLParser):
    """Finds the value of the first input or meta of a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.value: Any = NOT_THERE

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if self.value is NOT_THERE and tag in ("input", "meta") and said.get("name") == self._name:
            self.value = said.get("value" if tag == "input" else "content") or ""


_FINDERS: dict[str, Any] = {
    "json": lambda heard, path: walk(heard.json, path),
    "regex": _regex,
    "html": _html,
    "header": _header,
    "cookie": _cookie,
    "sse": _sse,
}
