"""On which line of a TOML file a key stands: tomllib does not say.

What is scanned here has been read by tomllib before, so it is valid, and little is checked.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

Keys = tuple[str | int, ...]

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEYS = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|"  # up to two quotes may stand before the end
    r""""(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^,\]}\n#]+""",
    re.DOTALL,
)


def places(text: str) -> dict[Keys, int]:
    """The line of every table, key and item, counted from 1, by the keys that lead to it."""
    return _Scanner(text.replace("\r\n", "\n")).scan()


def line_of(found: dict[Keys, int], keys: Keys) -> int | None:
    """Where that is, or else the nearest table or key that it lies in; None for the file itself."""
    for end in range(len(keys), 0, -1):
        if keys[:end] in found:
            return found[keys[:end]]
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[Keys, int] = {}
        self._lists: dict[Keys, int] = {}
        """How many tables each list of tables has, less one."""

    def scan(self) -> dict[Keys, int]:
        table: Keys = ()
        self._blank()
        while self._at < len(self._text):
            began = self._at
            if self._skip("["):
                table = self._header(is_list=self._skip("["))
            else:
                self._pair(table)
            self._blank()
            if self._at == began:
                break  # no TOML
        return self._found

    def _header(self, *, is_list: bool) -> Keys:
        said: Keys = ()
        keys = self._keys()
        for number, key in enumerate(keys, 1):
            said = (*said, key)
            if is_list and number == len(keys):
                self._lists[said] = self._lists.get(said, -1) + 1
            self._note(said)
            if said in self._lists:
                said = (*said, self._lists[said])
                self._note(said)
        while self._skip("]"):
            pass
        return said

    def _pair(self, table: Keys) -> None:
        keys = self._keys()
        for end in range(1, len(keys) + 1):
            self._note((*table, *keys[:end]))
        self._blank()
        self._skip("=")
        self._blank()
        self._value((*table, *keys))

    def _value(self, keys: Keys) -> None:
        self._note(keys)
        if self._skip("["):
            number = 0
            while self._goes_on("]"):
                self._value((*keys, number))
                number += 1
        elif self._skip("{"):
            while self._goes_on("}"):
                self._pair(keys)
        else:
            found = _SCALAR.match(self._text, self._at)
            self._at = found.end() if found else len(self._text)  # no TOML

    def _goes_on(self, end: str) -> bool:
        """Whether another item follows, past the comma before it."""
        self._blank()
        if self._skip(","):
            self._blank()
        return not self._skip(end) and self._at < len(self._text)

    def _keys(self) -> tuple[str, ...]:
        self._blank()
        found = _KEYS.match(self._text, self._at)
        if found is None:
            self._at = len(self._text)  # no TOML
            return ()
        self._at = found.end()
        return _parsed(found[0])

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _skip(self, mark: str) -> bool:
        there = self._text.startswith(mark, self._at)
        self._at += len(mark) if there else 0
        self._blank_within_line()
        return there

    def _blank_within_line(self) -> None:
        while self._text.startswith((" ", "\t"), self._at):
            self._at += 1

    def _note(self, keys: Keys) -> None:
        self._found.setdefault(keys, self._text.count("\n", 0, self._at) + 1)


def _parsed(text: str) -> tuple[str, ...]:
    """`a."b.c"` as its keys, quotes and escapes undone."""
    keys: list[str] = []
    try:
        table: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return (text,)
    while isinstance(table, dict):
        ((key, table),) = table.items()
        keys.append(key)
    return tuple(keys)
