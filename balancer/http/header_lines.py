"""Header lines, taken apart once.

Heads differ, their lines hardly do (HPACK rests on the same observation): of a browser's twelve
lines ten are what it sent last time. So the lines that came lately are known by their bytes, and
only a new one is looked at. What is known of a line depends on nothing but its bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

MOST_LINE = 4096
"""Bytes of the longest line that is remembered."""
MOST_SET = 8192
"""The highest `cost` of a set of lines that is remembered."""
_PER_LINE = 250  # bytes of memory that a line takes beside its text
_MOST_BYTES = 2 * 1024 * 1024  # of each generation
_MOST_NAMES = 1024
_MOST_NAME = 64  # bytes

# RFC 9112 section 5: no space before the colon, no folding, no control character; stricter than
# section 2.2 in that neither a bare LF nor a bare CR ends a line.
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

_PRINTABLE = b"\t" + bytes(range(32, 127)) + bytes(range(128, 256))

Rule = TypeVar("Rule")


class Line(Generic[Rule]):
    """A line that means something to us, by its `rule`.

    `forward` is how it is passed on; nothing when it is written anew or dropped.
    """

    __slots__ = ("forward", "name", "rule", "value")

    def __init__(self, name: bytes, value: bytes, rule: Rule, forward: bytes) -> None:
        self.name = name
        self.value = value
        self.rule = rule
        self.forward = forward

    @property
    def text(self) -> bytes:
        """The line in its one spelling."""
        return b"%b: %b\r\n" % (self.name, self.value)


class Lines(Generic[Rule]):
    """The lines that were seen lately; of those that mean nothing, just how they are passed on.

    There are two generations. When the young one is full it becomes the old one, whose lines are
    young again when they come again, and the old one goes: that costs the hot path less than an
    order of use, and no request waits while everything is thrown away.
    """

    __slots__ = ("_names", "_old_plain", "_old_ruled", "_plain", "_rule_of", "_ruled", "_size")

    def __init__(self, rule_of: Callable[[bytes], tuple[Rule | None, bool]]) -> None:
        """`rule_of` gives the rule of a lower-case name, and whether the line is passed on."""
        self._rule_of = rule_of
        self._names: dict[bytes, tuple[Rule | None, bool]] = {}
        self._size = 0
        self._plain: dict[bytes, bytes] = {}
        self._ruled: dict[bytes, Line[Rule]] = {}
        self._old_plain: dict[bytes, bytes] = {}
        self._old_ruled: dict[bytes, Line[Rule]] = {}

    def parse(self, texts: list[bytes]) -> tuple[list[bytes], list[Line[Rule]]] | None:
        """Of lines without their CRLF, what is passed on, and those that mean something.

        None when one is malformed.
        """
        plain, ruled = self._plain.get, self._ruled.get
        forward: list[bytes] = []
        meant: list[Line[Rule]] = []
        for text in texts:
            line = plain(text) or ruled(text) or self._learn(text)
            if line is None:
                return None
            if isinstance(line, bytes):
                forward.append(line)
            else:
                meant.append(line)
                if line.forward:
                    forward.append(line.forward)
        return forward, meant

    def _learn(self, text: bytes) -> Line[Rule] | bytes | None:
        """How a line is passed on if it means nothing, its meaning if any; None if malformed."""
        old = self._old_plain.pop(text, None) or self._old_ruled.pop(text, None)
        if old is not None:
            return self._keep(text, old)
        name, colon, value = text.partition(b":")
        known = self._names.get(name) or self._name(name)
        if known is None or not colon or value.translate(None, _PRINTABLE):
            return None
        rule, passed_on = known
        value = value.strip(b" \t")
        forward = b"%b: %b\r\n" % (name, value) if passed_on else b""
        line = forward if rule is None else Line(name, value, rule, forward)
        return self._keep(text, line) if len(text) <= MOST_LINE else line

    def _name(self, name: bytes) -> tuple[Rule | None, bool] | None:
        if _NAME.fullmatch(name) is None:
            return None
        known = self._rule_of(name.lower())
        if len(name) <= _MOST_NAME:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            self._names[name] = known
        return known

    def _keep(self, text: bytes, line: Line[Rule] | bytes) -> Line[Rule] | bytes:
        size = _PER_LINE + 3 * len(text)  # itself, its value, and how it is passed on
        self._size += size
        if self._size > _MOST_BYTES:
            self._old_plain, self._old_ruled = self._plain, self._ruled
            self._plain, self._ruled = {}, {}
            self._size = size
        if isinstance(line, bytes):
            self._plain[text] = line
        else:
            self._ruled[text] = line
        return line


def cost(lines: Iterable[Line[Rule]]) -> int:
    """Bytes of memory that remembering a set of lines may take."""
    return sum([_PER_LINE + len(line.value) for line in lines])


def without(forward: list[bytes], options: Container[bytes]) -> list[bytes]:
    """Those lines whose lower-case names are not among `options`."""
    return [line for line in forward if line.partition(b":")[0].lower() not in options]
