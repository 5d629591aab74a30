"""The command that changes the system: a process group of its own, which ends when we do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from typing import TYPE_CHECKING, Self

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOOK, GRACE, OF_A_SHELL = 0.1, 3.0, 128
MOST, LONGEST = 4_000_000, 10_000  # bytes that are read in one look, and of one line
FEW = 100  # lines at each end of what is shown of one look: users are to be asked meanwhile


def check(words: Sequence[str]) -> None:
    """Raise UsageError when there is no such program, before anybody has logged in."""
    if words and shutil.which(words[0]) is None:
        raise UsageError(
            f"there is no command {words[0]!r}", "what runs in a shell: -- sh -c 'COMMAND …'"
        )


class Running:
    """A context manager: an interrupt ends the whole group, while trouble of ours ends no deploy.

    Its output goes to a file, so that what it leaves running on purpose can go on writing when we
    are gone; `told` gets it line by line.
    """

    def __init__(self, words: Sequence[str], told: Callable[[str], None]) -> None:
        self._words = words
        self._told = told
        self._rest = b""
        self._at = 0
        self.status: int | None = None
        self.kept: list[str] = []

    async def __aenter__(self) -> Self:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed when it is left
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=self._file,
                stderr=self._file,
                start_new_session=True,
            )
        except OSError as error:
            self._file.close()
            why = f"{self._words[0]} cannot be run: {error.strerror}"
            raise UsageError(
                why, "a script begins with #!; or run it in a shell: sh FILE"
            ) from None
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, asyncio.CancelledError):
            await self._end()
        elif self.status is None:
            await self._process.wait()
        self._file.close()

    async def wait(self) -> int:
        """Its exit status, as a shell has it: 128 and more for one that a signal has ended."""
        ended = asyncio.create_task(self._process.wait())
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=LOOK)
                self._read()
        finally:
            ended.cancel()
        while self._read():
            await asyncio.sleep(0)
        if self._rest:
            self._line(self._rest)
        status = ended.result()
        self.status = status if status >= 0 else OF_A_SHELL - status
        return self.status

    def _read(self) -> bool:
        """Tell what is new, the middle of very much left out; whether there may be more."""
        found = os.pread(self._file.fileno(), MOST, self._at)
        self._at += len(found)
        *lines, self._rest = (self._rest + found).split(b"\n")
        if len(self._rest) > LONGEST:
            lines.append(self._rest)
            self._rest = b""
        left_out = max(0, len(lines) - 2 * FEW)
        for line in lines[:FEW] if left_out else lines:
            self._line(line)
        if left_out:
            self._line(f"… {left_out} lines not shown".encode())
            for line in lines[-FEW:]:
                self._line(line)
        return len(found) == MOST

    def _line(self, line: bytes) -> None:
        cut = "…" if len(line) > LONGEST else ""
        self.kept.append(line[:LONGEST].decode(errors="replace").rstrip("\r") + cut)
        self._told(self.kept[-1])

    async def _end(self) -> None:
        """Ask all of the group, and then make sure."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), GRACE)
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
