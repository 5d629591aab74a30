"""Header lines, taken apart once.

Heads differ, their lines hardly do (HPACK rests on the same observation): of a browser's twelve
lines ten are what it sent last time. So the lines that came lately are known by their bytes, and
only a new one is looked at. What is known of a line depends on nothing but its bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_LINE = 4096
"""Bytes of the longest line that is remembered."""
_MOST_BYTES = 2 * 1024 * 1024

# RFC 9112 section 5: no space before the colon, no folding, no control character; stricter than
# section 2.2 in that neither a bare LF nor a bare CR ends a line.
_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*)")

Rule = TypeVar("Rule")


class Line(Generic[Rule]):
    """One line. `forward` is how it is passed on, nothing when it is written anew or dropped.

    `rule` says what the line means to us; None: nothing.
    """

    __slots__ = ("forward", "name", "rule", "value")

    def __init__(self, name: bytes, value: bytes, rule: Rule | None, forward: bytes) -> None:
        self.name = name
        self.value = value
        self.rule = rule
        self.forward = forward

    @property
    def text(self) -> bytes:
        """The line in its one spelling."""
        return b"%b: %b\r\n" % (self.name, self.value)


class Lines(Generic[Rule]):
    """The lines that were seen lately. `find` is the way in on the hot path, `learn` behind it."""

    __slots__ = ("_known", "_rule_of", "_size", "find")

    def __init__(self, rule_of: Callable[[bytes], tuple[Rule | None, bool]]) -> None:
        """`rule_of` gives the rule of a lower-case name, and whether the line is passed on."""
        self._rule_of = rule_of
        self._known: dict[bytes, Line[Rule]] = {}
        self._size = 0
        self.find = self._known.get

    def learn(self, text: bytes) -> Line[Rule] | None:
        """A line without its CRLF; None when it is malformed."""
        match = _LINE.fullmatch(text)
        if match is None:
            return None
        name, value = match.groups()
        value = value.rstrip(b" \t")
        rule, passed_on = self._rule_of(name.lower())
        line = Line(name, value, rule, b"%b: %b\r\n" % (name, value) if passed_on else b"")
        if len(text) <= MOST_LINE:
            self._size += len(text)
            if self._size > _MOST_BYTES:
                self._known.clear()  # cheaper on the hot path than keeping an order of use
                self._size = len(text)
            self._known[text] = line
        return line
