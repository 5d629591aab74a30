"""The words of a packed history: texts that its rows hold as numbers, each kind by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sessionlab.lab.record.packed.schema import FIXED, ITEM_WORD, KINDS, ROW

if TYPE_CHECKING:
    from collections.abc import Iterable

MORE = "(one of too many to be kept apart)"
"""Stands for all words of a kind beyond those that its column has numbers for."""
_COLUMN = {kind: ROW[kind].itemsize for kind in KINDS}
_MOST = {kind: 256**size - 1 for kind, size in _COLUMN.items()} | {"item": ITEM_WORD - 1}


class Words:
    """Numbers from 1 on, in the order in which the words came; 0 is none of them."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
        self._texts: dict[str, list[str]] = {kind: [""] for kind in KINDS}
        for kind, fixed in FIXED.items():
            for word in fixed:
                self.add(kind, word)

    def add(self, kind: str, text: str) -> tuple[int, bool]:
        """The number of a word, and whether it is new."""
        numbers, texts = self._numbers[kind], self._texts[kind]
        if found := numbers.get(text):
            return found, False
        if len(texts) >= _MOST[kind]:
            text = MORE
            if found := numbers.get(text):
                return found, False
        numbers[text] = len(texts)
        texts.append(text)
        return numbers[text], True

    def number(self, kind: str, text: str) -> int:
        """The number of a word, 0 where it is none of them."""
        return self._numbers[kind].get(text, 0)

    def text(self, kind: str, number: int) -> str:
        """The word of that number, "" of 0."""
        texts = self._texts[kind]
        return texts[number] if number < len(texts) else _unknown(kind, number)

    def texts(self, kind: str) -> list[str]:
        """All words of a kind by their numbers, "" first."""
        return self._texts[kind]

    def pad(self, kind: str, most: int) -> None:
        """Have a text for each number up to this one, although it is not known which."""
        texts = self._texts[kind]
        texts += [_unknown(kind, number) for number in range(len(texts), most + 1)]

    def item(self, owner: int, number: int) -> str:
        """The text of an item: see `ITEM_WORD`."""
        if number & ITEM_WORD:
            return self.text("item", number ^ ITEM_WORD)
        return f"{self.text('user', owner)}.{number}"

    def read(self, lines: Iterable[bytes]) -> str:
        """Take over what a writer has written; returns what is wrong with it, up to where it read.

        A file that was cut ends in half a line.
        """
        for line in lines:
            try:
                found = json.loads(line)
                kind, number, text = found["kind"], found["number"], found["word"]
                texts = self._texts[kind]
            except (ValueError, KeyError, TypeError):
                return "ends in the middle of a line"
            if number != len(texts):
                return f"lacks words: {kind} {number} follows {kind} {len(texts) - 1}"
            self._numbers[kind].setdefault(text, number)
            texts.append(text)
        return ""


def _unknown(kind: str, number: int) -> str:
    return f"{kind} {number}"


def line(kind: str, number: int, word: str) -> str:
    """A word as a line of a `.words` file."""
    return json.dumps({"kind": kind, "number": number, "word": word}) + "\n"
