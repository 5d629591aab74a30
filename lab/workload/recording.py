"""One generator process's part of the history, and the latencies that it has seen."""

from __future__ import annotations

import hmac
import math
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.description.tokens import read_token
from sessionlab.lab.record.history import ERROR
from sessionlab.lab.record.packed.schema import FIXED, ITEM_WORD

if TYPE_CHECKING:
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.writer import Writer

MOST_KNOWN = 100_000
"""Of what is remembered so that it is not computed again."""


class Recorder:
    """`errors` counts what was not served; `latencies` are seconds by conversation.

    They count from when a request was to begin, and are for whoever takes them away now and then.
    """

    def __init__(self, writer: Writer, key: bytes, began: float) -> None:
        self.writer = writer
        self.began = began
        self.errors = 0
        self.latencies = {name: array("d") for name in FIXED["conversation"]}
        self.users: dict[str, int] = {}
        """Words by the names of those whose items these are."""
        self._key = key
        self._hashes: dict[str, tuple[int, float]] = {"": (0, math.nan)}
        self._items: dict[str, tuple[int, int]] = {}

    def credential(self, value: str) -> tuple[int, float]:
        """What is stored of a credential, and its end on the wall clock (NaN: none is known)."""
        known = self._hashes.get(value)
        if known is None:
            digest = hmac.digest(self._key, value.encode("utf-8", "surrogateescape"), "sha256")
            end = read_token(value).get("exp")
            known = (
                int.from_bytes(digest[:8], "little"),
                float(end) if isinstance(end, int | float) else math.nan,
            )
            if len(self._hashes) > MOST_KNOWN:
                self._hashes = {"": (0, math.nan)}
            self._hashes[value] = known
        return known

    def item(self, text: str) -> tuple[int, int]:
        """An item that was read, as SEEN has it."""
        known = self._items.get(text)
        if known is None:
            owner, _, number = text.rpartition(".")
            own = owner in self.users and number.isdecimal() and number[0] != "0"
            if own and int(number) < ITEM_WORD:
                known = self.users[owner], int(number)
            else:
                known = 0, ITEM_WORD | self.writer.word("item", text)
            if len(self._items) > MOST_KNOWN:
                self._items.clear()
            self._items[text] = known
        return known

    def note(
        self, operation: Operation, began: tuple[float, float] | None, credential: int
    ) -> None:
        """Any operation; `began` is when it did and when it was to, where that was earlier."""
        late = 0.0
        if began is not None:
            invoked, due = began
            late = max(invoked - due, 0.0)
            operation = replace(operation, invoked=invoked - self.began)
        self.writer.append(operation, credential=credential, late=late)
        if operation.farewell:
            return
        self.errors += operation.who == ERROR
        took = operation.completed - operation.invoked + late
        self.latencies.setdefault(operation.conversation, array("d")).append(took)
