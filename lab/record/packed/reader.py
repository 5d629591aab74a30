"""Reads a packed history, shard by shard; it is never whole in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.shard import Shard


class ShardName(NamedTuple):
    """Where a shard lies: see `schema`."""

    folder: Path
    part: int
    shard: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A run's history on disk; `cut` says of each of its files that lacks its end up to where."""

    names: Sequence[ShardName | Shard]
    cut: Sequence[str] = field(default=())

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The history of a run's folder; raises UsageError: there is none, or it is too new."""
        raise NotImplementedError

    def shards(self) -> Sequence[ShardName | Shard]:
        """To be read one by one, in processes of their own."""
        return self.names


def read(name: ShardName | Shard) -> Shard:
    """The rows of a shard in their order, up to where its files were cut."""
    raise NotImplementedError


def of_operations(operations: Iterable[Operation]) -> Shard:
    """A history in memory, such as a scenario's, as one shard."""
    raise NotImplementedError
