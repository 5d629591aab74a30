"""An operation as a row, and a row as an operation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from sessionlab.lab.record.history import Ending, Operation
from sessionlab.lab.record.packed.schema import (
    DIRECT,
    ENTERS,
    FAREWELL,
    GIVEN_UP,
    ITEM_WORD,
    NEW_CONNECTION,
    OUTCOMES,
    TIE_KNOWN,
    TIED,
    WHO,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sessionlab.lab.record.packed.words import Words

MICROSECONDS = 1_000_000
_ITEM = re.compile(r"(.*)\.([1-9][0-9]*)", re.DOTALL)
_LONGEST = 2**32 - 1  # microseconds, and bytes
_ENDINGS = tuple(map(Ending, OUTCOMES))


class Encoder:
    """Makes rows; `number` gives a word its number, `saw` keeps what a read has found."""

    def __init__(
        self,
        words: Words,
        number: Callable[[str, str], int],
        saw: Callable[[list[tuple[int, int]]], tuple[int, int]],
    ) -> None:
        self._words, self._number, self._saw = words, number, saw

    def row(self, op: Operation, credential: int = 0, late: float = 0.0) -> tuple[Any, ...]:
        """The values of ROW's fields, in their order."""
        user = self._word("user", op.client)
        item = 0 if op.item is None else self._own(op.client, op.item)
        items, seen = -1, 0
        if op.items is not None:
            items, seen = self._saw([self._pair(text) for text in op.items])
        invoked = max(round(op.invoked * MICROSECONDS), 0)
        return (
            invoked,
            _bounded(round(op.completed * MICROSECONDS) - invoked),
            _bounded(round(late * MICROSECONDS)),
            credential,
            _bounded(op.credential),
            user,
            self._some("user", op.user),
            item,
            items,
            seen,
            op.tab,
            self._number("request", f"{op.method} {op.path}"),
            op.status or 0,
            self._some("node", op.node),
            self._some("version", op.version),
            self._some("error", op.error),
            self._word("code", op.code),
            self._word("pin", f"{op.verdict};{op.reason}" if op.reason else op.verdict),
            self._word("cluster", op.cluster),
            self._word("service", op.service),
            self._word("conversation", op.conversation),
            _ENDINGS.index(op.outcome),
            WHO.index(op.who),
            _flags(op),
            np.nan if op.token_left is None else op.token_left,
        )

    def _word(self, kind: str, text: str) -> int:
        return self._number(kind, text) if text else 0

    def _some(self, kind: str, text: str | None) -> int:
        """An empty text is told from none."""
        return 0 if text is None else self._number(kind, text)

    def _own(self, client: str, text: str) -> int:
        owner, number = self._parsed(text)
        return number if owner == client else self._item_word(text)

    def _pair(self, text: str) -> tuple[int, int]:
        owner, number = self._parsed(text)
        if owner is None:
            return 0, self._item_word(text)
        return self._words.number("user", owner), number

    def _item_word(self, text: str) -> int:
        return ITEM_WORD | self._number("item", text)

    def _parsed(self, text: str) -> tuple[str | None, int]:
        """Which user's item of which number it is: a text that ends in `.2` need not be one."""
        found = _ITEM.fullmatch(text)
        if found and self._words.number("user", found[1]) and int(found[2]) < ITEM_WORD:
            return found[1], int(found[2])
        return None, 0


def _bounded(number: int) -> int:
    return min(max(number, 0), _LONGEST)


def _flags(op: Operation) -> int:
    return (
        NEW_CONNECTION * op.new_connection
        | DIRECT * op.direct
        | GIVEN_UP * op.given_up
        | ENTERS * op.enters
        | TIE_KNOWN * (op.tie is not None)
        | TIED * bool(op.tie)
        | FAREWELL * op.farewell
    )


def decoded(
    rows: np.ndarray, seen: np.ndarray, words: Words, began: int = 0
) -> Iterator[Operation]:
    """Rows (ROW) as operations, in seconds since `began` (microseconds).

    `seen` (SEEN) is the table that they point into.
    """
    users, codes, services = words.texts("user"), words.texts("code"), words.texts("service")
    clusters, conversations = words.texts("cluster"), words.texts("conversation")
    user_or_none, nodes, versions, errors = (
        [None, *words.texts(kind)[1:]] for kind in ("user", "node", "version", "error")
    )
    requests = [word.partition(" ") for word in words.texts("request")]
    pins = [word.partition(";") for word in words.texts("pin")]
    # By position: by name it takes twice as long.
    # fmt: off
    for (
        invoked, took, _, _, size, user, found, item, items, at, tab, request, status, node,
        version, error, code, pin, cluster, service, conversation, outcome, who, flags, left,
    ) in rows.tolist():
        # fmt: on
        method, _, path = requests[request]
        verdict, _, reason = pins[pin]
        yield Operation(
            users[user],
            method,
            path,
            (invoked - began) / MICROSECONDS,
            (invoked + took - began) / MICROSECONDS,
            _ENDINGS[outcome],
            status or None,
            nodes[node],
            user_or_none[found],
            errors[error],
            bool(flags & NEW_CONNECTION),
            size,
            verdict,
            reason,
            versions[version],
            words.item(user, item) if item else None,
            None if items < 0 else _texts(seen, at, items, words),
            clusters[cluster],
            tab,
            bool(flags & DIRECT),
            bool(flags & GIVEN_UP),
            bool(flags & TIED) if flags & TIE_KNOWN else None,
            codes[code],
            None if left != left else left,  # noqa: PLR0124  not a number
            conversations[conversation],
            WHO[who],
            services[service],
            bool(flags & ENTERS),
            bool(flags & FAREWELL),
        )


def _texts(seen: np.ndarray, at: int, items: int, words: Words) -> tuple[str, ...]:
    return tuple(words.item(*pair) for pair in seen[at : at + items].tolist()) if items else ()
