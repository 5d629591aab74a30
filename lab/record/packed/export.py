"""A packed history as JSON lines of schema 1, for other programs: see `record.history`.

They come shard by shard, each in the order of completion. The credentials' hashes, and how late
requests were, are left out.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.record.history import SCHEMA
from sessionlab.lab.record.packed.reader import read
from sessionlab.lab.record.packed.rows import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.record.packed.reader import Stored

_AT_ONCE = 4096  # rows


def to_jsonl(stored: Stored) -> Iterator[str]:
    """A line for each operation; `History.from_jsonl` reads them."""
    for name in stored.shards():
        shard = read(name)
        order = np.argsort(shard.place)
        for begin in range(0, len(order), _AT_ONCE):
            rows = shard.rows[order[begin : begin + _AT_ONCE]]
            for operation in decoded(rows, shard.seen, shard.words):
                yield json.dumps({"schema": SCHEMA, **asdict(operation)}) + "\n"
