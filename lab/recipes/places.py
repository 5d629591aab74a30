"""On which line of a TOML file a key stands: tomllib does not say.

A look at the text, line by line. What stands within an inline table or an array has the line of
the key that it belongs to.
"""

from __future__ import annotations

import re

Keys = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"\s*(?P<list>\[)?\[\s*(?P<keys>{_KEYS})\s*\]")
_PAIR = re.compile(rf"\s*(?P<keys>{_KEYS})\s*=")
_WHOLE_STRING = re.compile(r"""\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\])*"|'[^']*'""")


def places(text: str) -> dict[Keys, int]:
    """The line of every table and key, counted from 1, by the keys that lead to it."""
    found: dict[Keys, int] = {}
    lists: dict[Keys, int] = {}
    table: Keys = ()
    depth, string = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if string:
            if string not in line:
                continue
            line, string = line.partition(string)[2], ""  # noqa: PLW2901
        elif not depth:
            if header := _TABLE.match(line):
                table = _counted(_split(header["keys"]), lists, new=bool(header["list"]))
                _note(found, table, 0, number)
                continue
            if pair := _PAIR.match(line):
                _note(found, (*table, *_split(pair["keys"])), len(table), number)
        rest = _WHOLE_STRING.sub("", line)
        string = next((mark for mark in ('"""', "'''") if mark in rest), "")
        rest = rest.partition(string or "#")[0].partition("#")[0]
        depth += sum(map(rest.count, "[{")) - sum(map(rest.count, "]}"))
    return found


def line_of(found: dict[Keys, int], keys: Keys) -> int | None:
    """Where that is, or else the nearest table or key that it lies in; None for the file itself."""
    for end in range(len(keys), 0, -1):
        if keys[:end] in found:
            return found[keys[:end]]
    return None


def _note(found: dict[Keys, int], keys: Keys, known: int, number: int) -> None:
    for end in range(known + 1, len(keys) + 1):
        found.setdefault(keys[:end], number)


def _split(text: str) -> Keys:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, text))


def _counted(keys: Keys, lists: dict[Keys, int], *, new: bool) -> Keys:
    """The keys with the number of the table where they lead into a list of tables."""
    said: Keys = ()
    for number, key in enumerate(keys):
        said = (*said, key)
        last = number == len(keys) - 1
        if last and new:
            lists[said] = lists.get(said, -1) + 1
        if said in lists:
            said = (*said, lists[said])
    return said
