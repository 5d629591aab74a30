"""Reads a packed history, shard by shard; it is never whole in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sessionlab.lab.errors import UsageError
from sessionlab.lab.record.packed.blocks import load, scan
from sessionlab.lab.record.packed.rows import Encoder
from sessionlab.lab.record.packed.schema import (
    ABOUT,
    HISTORY,
    KINDS,
    OUTCOMES,
    ROW,
    SCHEMA,
    SEEN,
    WHO,
)
from sessionlab.lab.record.packed.shard import Shard
from sessionlab.lab.record.packed.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sessionlab.lab.record.history import Operation


_LONGEST_RUN = 2**40  # microseconds: twelve days
_UNKNOWN_USERS = 2**22  # whom a file of words may lack that was cut


class ShardName(NamedTuple):
    """Where a shard lies: the run's folder, the generator process, the shard's number."""

    folder: Path
    part: int
    shard: int

    @property
    def rows(self) -> Path:
        return self.folder / HISTORY / f"{self.part}-{self.shard}.ops"

    @property
    def seen(self) -> Path:
        return self.rows.with_suffix(".seen")

    @property
    def words(self) -> Path:
        return self.folder / HISTORY / f"{self.part}.words"


@dataclass(frozen=True, slots=True)
class Stored:
    """A run's history; `cut` says which of its files lack their end, and that they are judged."""

    names: Sequence[ShardName | Shard]
    operations: int
    cut: Sequence[str] = ()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The history of a run's folder; raises UsageError: there is none, or it is too new."""
        about = _about(folder / HISTORY / ABOUT)
        parts = sorted(
            {int(path.stem.partition("-")[0]) for path in (folder / HISTORY).glob("*-*.ops")}
        )
        shards = range(int(about["shards"]))
        names = [ShardName(folder, part, shard) for part in parts for shard in shards]
        found = [name for name in names if name.rows.exists()]
        sizes, cut = _sizes(found)
        return cls(found, sum(sizes), tuple(cut))

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> Self:
        """One in memory."""
        shard = of_operations(operations)
        return cls([shard], len(shard.rows))

    def shards(self) -> Sequence[ShardName | Shard]:
        """To be read one by one, in processes of their own."""
        return self.names


def read(name: ShardName | Shard) -> Shard:
    """The rows of a shard in their order, up to where its files were cut.

    Raises UsageError: there are values in them that no writer writes.
    """
    if isinstance(name, Shard):
        return name
    rows, seen = load(name.rows, ROW), load(name.seen, SEEN)
    words, _ = _words(name.words)
    _check(name.rows, rows, words)
    _pad(words, rows)
    rows["items"][rows["seen"] + rows["items"].clip(0).astype(np.int64) > len(seen)] = -1
    return Shard.of(rows, seen, words)


def of_operations(operations: Iterable[Operation]) -> Shard:
    """A history in memory, such as a scenario's, as one shard."""
    growing = Growing()
    growing.add(operations)
    return growing.shard()


class Growing:
    """A history in memory that goes on: what was packed once stays packed."""

    def __init__(self) -> None:
        self._words, self._pairs = Words(), list[tuple[int, int]]()
        self._encoder = Encoder(self._words, self._number, self._saw)
        self._rows: list[np.ndarray] = []

    def add(self, operations: Iterable[Operation]) -> None:
        """Pack what has come since."""
        rows = [self._encoder.row(operation) for operation in operations]
        self._rows = [*self._rows, np.array(rows, ROW)]

    def shard(self) -> Shard:
        """All of it."""
        self._rows = [np.concatenate(self._rows or [np.zeros(0, ROW)])]
        return Shard.of(self._rows[0], np.array(self._pairs, SEEN), self._words)

    def _number(self, kind: str, text: str) -> int:
        return self._words.add(kind, text)[0]

    def _saw(self, found: list[tuple[int, int]]) -> tuple[int, int]:
        self._pairs.extend(found)
        return len(found), len(self._pairs) - len(found)


def _check(path: Path, rows: np.ndarray, words: Words) -> None:
    """What bounds have the columns that others are counted up to; raises UsageError."""
    most = {
        "invoked": _LONGEST_RUN,
        "outcome": len(OUTCOMES) - 1,
        "who": len(WHO) - 1,
        **dict.fromkeys(("user", "found"), len(words.texts("user")) + _UNKNOWN_USERS),
    }
    for name, bound in most.items():
        wrong = np.flatnonzero(rows[name] > bound)
        if len(wrong):
            raise UsageError(
                f"{_local(path)} is damaged: row {wrong[0]} has {name} {rows[name][wrong[0]]}",
                "nothing of it can be judged; take the run's folder from where it was copied from",
            )


def _pad(words: Words, rows: np.ndarray) -> None:
    """Names for what a cut file of words has none for any more."""
    for kind in KINDS:
        if kind not in ("user", "item"):
            words.pad(kind, int(rows[kind].max(initial=0)))
    words.pad("user", int(max(rows["user"].max(initial=0), rows["found"].max(initial=0))))


def _about(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        schema, _ = int(found["schema"]), int(found["shards"])
    except FileNotFoundError:
        raise UsageError(
            f"{path.parent.parent} holds no history of an experiment",
            "write one with `sessionlab run FILE.toml --out DIR`",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"cannot read {path}: {type(error).__name__}: {error}") from None
    if schema > SCHEMA:
        raise UsageError(
            f"{path} is of schema {schema}, and this sessionlab reads up to {SCHEMA}",
            "judge it with the sessionlab that wrote it, or a newer one",
        )
    return found  # type: ignore[no-any-return]


def _sizes(names: Sequence[ShardName]) -> tuple[list[int], list[str]]:
    """How many operations each has, and a sentence for each file that was cut."""
    sizes, cut = [], []
    for name in names:
        blocks, short = scan(name.rows, ROW)
        sizes.append(sum(block.rows for block in blocks))
        seen_short = name.seen.exists() and scan(name.seen, SEEN)[1]
        cut += [
            _said(path) for path, is_cut in ((name.rows, short), (name.seen, seen_short)) if is_cut
        ]
    for words in dict.fromkeys(name.words for name in names):
        if wrong := _words(words)[1]:
            cut.append(f"{_local(words)} {wrong}: names beyond that are not known")
    return sizes, cut


def _said(path: Path) -> str:
    return f"{_local(path)} ends in the middle of a block: judged up to there"


def _local(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _words(path: Path) -> tuple[Words, str]:
    """The words of a part, which all its shards share, and what is wrong with them."""
    try:
        return _words_of(path, path.stat().st_size)
    except FileNotFoundError:
        raise UsageError(
            f"{_local(path)} is not there, and without its words no row says who asked what",
            "take the run's folder from where it was copied from, or run it again",
        ) from None


@lru_cache(1)
def _words_of(path: Path, _: int) -> tuple[Words, str]:
    words = Words()
    with path.open("rb") as lines:
        return words, words.read(lines)
