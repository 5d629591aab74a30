"""How workers hear of each other's pins: a log in shared memory, one ring for each writer.

A worker appends a record and then moves its own counter, before the answer that made the pin
leaves; every other worker looks at the counters before it looks a pin up. So a client that has an
answer finds its pin in every worker, without locks or messages: each ring has one writer.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_RECORD = struct.Struct("<8s16s8s")  # the service, the key, the backend's pin (zeros: forget it)
RECORDS = 1 << 16
_HEADER = 64
_RING = _HEADER + RECORDS * _RECORD.size
FORGET = bytes(8)


class PinLog:
    """One worker's view of the shared log; `apply` gets what the others wrote."""

    def __init__(
        self, memory: mmap.mmap, workers: int, mine: int, *, from_now: bool = False
    ) -> None:
        """With `from_now` what was written so far is passed over: it is told in another way."""
        self._memory = memory
        self._counters = memoryview(memory).cast("Q")
        self._mine = mine
        self._others = [n for n in range(workers) if n != mine]
        self._read = [0] * workers
        if from_now:
            self._read = [self._counters[other * _RING // 8] for other in range(workers)]

    @staticmethod
    def memory(workers: int) -> mmap.mmap:
        """Shared memory for that many workers; made before they are forked."""
        return mmap.mmap(-1, _RING * workers)

    def append(self, service: bytes, key: bytes, pin: bytes) -> None:
        """Tell the others of a pin, or with `FORGET` of its end."""
        slot = self._mine * _RING // 8
        written = self._counters[slot]
        offset = self._mine * _RING + _HEADER + written % RECORDS * _RECORD.size
        _RECORD.pack_into(self._memory, offset, service, key, pin)
        self._counters[slot] = written + 1

    def catch_up(self, apply: Callable[[bytes, bytes, bytes], None]) -> bool:
        """Read what is new; of more than a whole ring the oldest are lost, and it says False."""
        whole = True
        for other in self._others:
            written = self._counters[other * _RING // 8]
            read = self._read[other]
            if read == written:
                continue
            whole = whole and written - read <= RECORDS
            for number in range(max(read, written - RECORDS), written):
                offset = other * _RING + _HEADER + number % RECORDS * _RECORD.size
                apply(*_RECORD.unpack_from(self._memory, offset))
            self._read[other] = written
        return whole

    def close(self) -> None:
        """Let go of the memory."""
        self._counters.release()
