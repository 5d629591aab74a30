"""Writes a packed history while it happens: blocks of rows, as few bytes and cycles as can be."""

from __future__ import annotations

import json
import os
import struct
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.record.packed import blocks
from sessionlab.lab.record.packed.rows import MICROSECONDS, Encoder
from sessionlab.lab.record.packed.schema import ABOUT, HISTORY, ROW, SCHEMA, SEEN
from sessionlab.lab.record.packed.words import Words, line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sessionlab.lab.record.history import Operation

BLOCK = 16_384  # rows
_CODES = {"<u8": "Q", "<u4": "I", "<i4": "i", "<u2": "H", "|u1": "B", "<f4": "f"}
_LAYOUT = struct.Struct("<" + "".join(_CODES[ROW[name].str] for name in ROW.names or ()))


class Writer:
    """One generator process's part of a history; each is written by one thread only.

    Blocks of 16,384 rows are written as they are full, or a second after the one before. An OSError
    (no space left) surfaces from `add`, `append`, `flush` or `close`; what was written before can
    be read. Of rows that could not be written none is kept.
    """

    add: Callable[..., None]
    """A row: the values of ROW's fields by position, in their order. Hot: under 1 µs."""

    def __init__(self, folder: Path, part: int = 0, shards: int = 16) -> None:
        """Begin part `part` of the history in the run folder `folder`; raises OSError."""
        where = folder / HISTORY
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        _describe(where / ABOUT, shards)
        self._shards = shards
        self._words = Words()
        self._new_words: list[str] = []
        self._pairs: list[tuple[int, int]] = []
        self._seen_before = [0] * shards
        self._word_file = (where / f"{part}.words").open("wb", buffering=0)
        self._rows, self._seen = (
            [(where / f"{part}-{shard}.{kind}").open("wb", buffering=0) for shard in range(shards)]
            for kind in ("ops", "seen")
        )
        self._encoder = Encoder(self._words, self._number, self.saw)
        self.add, self._take = self._adding()

    def word(self, kind: str, text: str) -> int:
        """The number of a word, 0 for ""."""
        return self._number(kind, text) if text else 0

    def saw(self, pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Keep the items (SEEN) that the next row's read has found: ROW's `items` and `seen`."""
        before = len(self._pairs)
        self._pairs.extend(pairs)
        return len(pairs), before

    def append(self, operation: Operation, *, credential: int = 0, late: float = 0.0) -> None:
        """Any operation, slower; `credential` is the HMAC of what was sent, `late` in seconds."""
        self.add(*self._encoder.row(operation, credential, late))

    def flush(self) -> None:
        """Write what there is."""
        rows, pairs = self._take(), np.array(self._pairs, SEEN)
        self._pairs.clear()
        if self._new_words:
            blocks.put(self._word_file, "".join(self._new_words).encode())
            self._new_words.clear()
        of = (rows["user"] % self._shards).astype(np.uint16)
        rows, ends = rows[of.argsort(kind="stable")], np.bincount(of).cumsum().tolist()
        for shard, (begin, end) in enumerate(pairwise([0, *ends])):
            if begin < end:
                self._write(shard, rows[begin:end], pairs)

    def close(self) -> None:
        """Write what there is, and close its files."""
        try:
            self.flush()
        finally:
            for file in (self._word_file, *self._rows, *self._seen):
                file.close()

    def _number(self, kind: str, text: str) -> int:
        number, is_new = self._words.add(kind, text)
        if is_new:
            self._new_words.append(line(kind, number, self._words.text(kind, number)))
        return number

    def _write(self, shard: int, rows: np.ndarray, pairs: np.ndarray) -> None:
        """A shard's rows, after what they have seen, which gets its place in the shard's table."""
        reads = np.flatnonzero(rows["items"] > 0)
        if len(reads):
            counts = rows["items"][reads].astype(np.int64)
            ends = counts.cumsum()
            begins = ends - counts
            found = np.repeat(rows["seen"][reads] - begins, counts) + np.arange(ends[-1])
            blocks.append(self._seen[shard], pairs[found])
            rows["seen"][reads] = self._seen_before[shard] + begins
            self._seen_before[shard] += int(ends[-1])
        blocks.append(self._rows[shard], rows)

    def _adding(self) -> tuple[Callable[..., None], Callable[[], np.ndarray]]:
        """`add`, and what takes the rows that it has gathered; closures, as `self` costs time."""
        size, pack, flush = ROW.itemsize, _LAYOUT.pack_into, self.flush
        full, at, due = BLOCK * size, 0, MICROSECONDS
        buffer = bytearray(full)

        def add(*row: float) -> None:
            nonlocal at
            pack(buffer, at, *row)
            at += size
            if at == full or row[0] > due:
                flush()

        def take() -> np.ndarray:
            nonlocal at, due
            rows = np.frombuffer(buffer, ROW, at // size)
            if at:
                due = int(rows["invoked"][-1]) + MICROSECONDS
            at = 0
            return rows

        return add, take


def _describe(path: Path, shards: int) -> None:
    """Each process writes the same, and nobody finds half of it."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    beside.write_text(json.dumps({"schema": SCHEMA, "shards": shards}) + "\n", encoding="utf-8")
    beside.replace(path)
