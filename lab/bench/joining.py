"""The two rows of one request, its node's and its balancer's, brought together by its id.

Either may come first, and either may never come: a node that is killed takes its last line along,
a balancer its last lines. A row waits for the other one `PATIENCE` seconds, and is told alone then;
if the other does come, it is passed over, so that a request is told once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PATIENCE = 0.3
MOST = 10_000  # rows that wait, and requests whose other row may still come


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the log of `part`. `joins` is what its other row has, too; None has no other."""

    at: float
    part: str
    data: dict[str, Any]
    is_node: bool
    joins: tuple[str, str] | None = None
    waits: bool = True


class Joining:
    """Takes rows as they come, and gives back those of one request together."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], tuple[float, Row]] = {}
        self._told: dict[tuple[str, str, bool], int] = {}

    def of(self, rows: Iterable[Row], now: float) -> Iterator[tuple[Row | None, Row | None]]:
        """The node's row and the balancer's of each request that can be told now."""
        for row in rows:
            if row.joins is None:
                yield _pair(row)
            elif (*row.joins, row.is_node) in self._told:
                self._count((*row.joins, row.is_node), -1)
            else:
                yield from self._joined(row, row.joins, now)
        while self._waiting:
            since, row = next(iter(self._waiting.values()))
            if now - since < PATIENCE and len(self._waiting) <= MOST:
                return
            yield self._alone(row)

    def _joined(
        self, row: Row, key: tuple[str, str], now: float
    ) -> Iterator[tuple[Row | None, Row | None]]:
        _, other = self._waiting.get(key, (0.0, row))
        if other.is_node != row.is_node:
            del self._waiting[key]
            yield _pair(row, other)
            return
        if other is not row:
            yield self._alone(other)
        self._waiting[key] = now, row
        if not row.waits:
            yield self._alone(row)

    def _alone(self, row: Row) -> tuple[Row | None, Row | None]:
        assert row.joins  # noqa: S101  else it would not have waited
        del self._waiting[row.joins]
        self._count((*row.joins, not row.is_node), 1)
        return _pair(row)

    def _count(self, key: tuple[str, str, bool], more: int) -> None:
        """Of rows that are to be passed over: a client may send the same id again and again."""
        if count := self._told.pop(key, 0) + more:
            self._told[key] = count
        if len(self._told) > MOST:
            del self._told[next(iter(self._told))]


def _pair(*rows: Row) -> tuple[Row | None, Row | None]:
    by_kind = {row.is_node: row for row in rows}
    return by_kind.get(True), by_kind.get(False)
