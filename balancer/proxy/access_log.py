"""The access log: one line a request, written by a thread that the hot path never waits for.

The hot path appends a record to a list. Now and then the list goes to the thread, which formats and
writes; when it can't keep up, whole batches are dropped and counted rather than memory filled.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_BATCHES = 256
_LAST_WORDS_S = 2.0


class Record(NamedTuple):
    """One request. `verdict` is two of HAProxy's letters: what was found, what was done.

    `reason` says why a pin moved or was lost, and `cut` who ended it before its time: client,
    backend or balancer. `detail` is what the balancer said in an answer of its own. All three are
    mostly empty.
    """

    at: float
    client: bytes
    method: bytes
    target: bytes
    minor: int
    status: int
    sent: int
    seconds: float
    service: str
    backend: str
    verdict: str
    request_id: bytes
    reason: str = ""
    cut: str = ""
    detail: str = ""


def as_json(record: Record) -> str:
    """One JSON object."""
    return json.dumps(
        {
            "time": round(record.at, 6),
            "client": record.client.decode("latin-1"),
            "method": record.method.decode("latin-1"),
            "target": record.target.decode("latin-1"),
            "protocol": f"HTTP/1.{record.minor}",
            "status": record.status,
            "bytes": record.sent,
            "seconds": round(record.seconds, 6),
            "service": record.service,
            "backend": record.backend,
            "affinity": record.verdict,
            "reason": record.reason or None,
            "cut": record.cut or None,
            "detail": record.detail or None,
            "request_id": record.request_id.decode("latin-1"),
        }
    )


def as_common(record: Record) -> str:
    """Common Log Format, then backend, affinity verdict, its reason, seconds, and who cut it."""
    at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(record.at))
    # A request line has no quote that would end the field: targets are escaped.
    target = record.target.decode("latin-1").replace("\\", "\\\\").replace('"', '\\"')
    line = f"{record.method.decode('latin-1')} {target} HTTP/1.{record.minor}"
    where = f"{record.service}/{record.backend or '-'}"
    client = record.client.decode("latin-1")
    return (
        f'{client} - - [{at}] "{line}" {record.status} {record.sent or "-"}'
        f" {where} {record.verdict} {record.reason or '-'}"
        f" {record.seconds:.6f} {record.cut or '-'}"
    )


FORMATS: dict[str, Callable[[Record], str]] = {"json": as_json, "common": as_common}


class Out(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> None: ...


class _Standard:
    """Standard output without Python's buffer: a thread stuck in it would hold up the end."""

    def write(self, text: str, /) -> None:
        """Write all of it; raises OSError."""
        data = memoryview(text.encode(errors="replace"))
        while data:
            data = data[os.write(1, data) :]

    def flush(self) -> None:
        """There is nothing to flush."""


class AccessLog:
    """Takes records with `append`; `flush` is for a timer, `close` for the end."""

    def __init__(self, form: str, out: Out | None = None) -> None:
        self._format = FORMATS[form]
        self._out = out or _Standard()
        self._rows: list[Record] = []
        self.append = self._rows.append
        self._overflowed = 0  # counted by one thread each: += is not atomic
        self._unwritten = 0
        self._batches: queue.Queue[list[Record]] = queue.Queue(_MOST_BATCHES)
        self._thread = threading.Thread(target=self._write, daemon=True, name="access log")
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines that were never written."""
        return self._overflowed + self._unwritten

    def flush(self) -> None:
        """Hand over what there is."""
        if not self._rows:
            return
        batch = self._rows.copy()
        self._rows.clear()
        try:
            self._batches.put_nowait(batch)
        except queue.Full:
            self._overflowed += len(batch)

    def close(self) -> None:
        """Write the rest if that can be done soon: a reader that is stuck does not stop the end.

        The thread is left alone then, which ends with the process.
        """
        deadline = time.monotonic() + _LAST_WORDS_S
        self.flush()
        with contextlib.suppress(queue.Full):
            self._batches.put([], timeout=_LAST_WORDS_S)
            self._thread.join(max(0.0, deadline - time.monotonic()))
        if self.dropped:
            sys.stderr.write(f"balancer access log: {self.dropped} lines were dropped\n")
        if self._thread.is_alive():
            sys.stderr.write("balancer access log: nobody reads it, so its last lines are lost\n")

    def _write(self) -> None:
        said = False
        while batch := self._batches.get():
            try:
                self._out.write("".join([self._format(record) + "\n" for record in batch]))
                self._out.flush()
            except (OSError, ValueError) as error:  # its reader has gone, or the disk is full
                self._unwritten += len(batch)
                if not said:
                    sys.stderr.write(f"balancer access log: {error}; lines are dropped\n")
                said = True
