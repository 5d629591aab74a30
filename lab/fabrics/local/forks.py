"""The lab's end of the forkserver: it asks for processes, and learns how each ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.errors import FabricLost, StartError
from sessionlab.lab.fabrics.run_folder import MARK, RunFolder

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Part


class Forks:
    """Processes forked from one preloaded one (see `forkserver`), which also buries them."""

    def __init__(self) -> None:
        self._server: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._requests: asyncio.StreamWriter | None = None
        self._ready: asyncio.Future[int] | None = None
        self._ended: dict[str, asyncio.Future[int]] = {}
        self._pids: dict[str, int] = {}
        self._signals: deque[asyncio.Future[None]] = deque()  # requested, and answered in order
        self._lost: FabricLost | None = None
        self._log = Path()

    async def open(self, run_folder: RunFolder) -> None:
        """Start the forkserver; returns at once, parts wait for it to have loaded."""
        self._ready = asyncio.get_running_loop().create_future()
        self._log = run_folder.folder / "forkserver.log"
        ours, theirs = socket.socketpair()
        with theirs, self._log.open("wb") as log:
            self._server = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # what lies in the user's folder takes the place of nothing that it imports
                *("-m", "sessionlab.lab.fabrics.local.forkserver", str(run_folder.folder)),
                stdin=theirs.fileno(),
                stdout=log,  # where anything may print, from sitecustomize on
                stderr=log,
                env={**os.environ, MARK: run_folder.run},
                start_new_session=True,  # the terminal's Ctrl-C is the lab's to handle
            )
        reports, self._requests = await asyncio.open_connection(sock=ours)
        self._reader = asyncio.create_task(self._read(reports))

    async def close(self) -> None:
        """Have the forkserver kill what is left, and wait until it is gone."""
        if self._requests:
            with contextlib.suppress(OSError):  # it has ended already
                self._requests.write_eof()
        if self._server:
            await self._server.wait()
        if self._reader:
            await asyncio.wait([self._reader])
        if self._requests:
            self._requests.close()

    async def start(self, name: str, part: Part, log: Path) -> None:
        """Fork a part; `name` is unique among all that runs on this fabric."""
        if name in self._ended and not self._ended[name].done():
            raise StartError(f"{part.name} is running already")
        await self._until_ready()  # cancelled here, the part must not count as running
        self._request(
            do="start",
            name=name,
            program=part.program,
            arguments=list(part.arguments),
            environment=dict(part.environment),
            folder=part.folder,
            log=str(log),
        )
        self._ended[name] = asyncio.get_running_loop().create_future()

    async def signal(self, name: str, signum: int) -> None:
        """Send a signal to a part, and wait until it is sent; nothing happens when it has ended."""
        await self._until_ready()
        self._request(do="signal", name=name, signal=signum)
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._signals.append(sent)
        await asyncio.shield(sent)

    def pid(self, name: str) -> int | None:
        """The process id of a part that runs."""
        return None if self.ended(name) is not None else self._pids.get(name)

    def ended(self, name: str) -> int | None:
        future = self._ended.get(name)
        return future.result() if future is not None and future.done() else None

    async def gone(self, name: str) -> int:
        if name not in self._ended:
            raise StartError(f"{name} was never started")
        return await asyncio.shield(self._ended[name])

    def running(self, prefix: str) -> list[str]:
        """The parts that still run and whose name starts with `prefix`."""
        return [n for n, end in self._ended.items() if n.startswith(prefix) and not end.done()]

    async def _until_ready(self) -> None:
        assert self._ready is not None  # noqa: S101  set by open()
        await asyncio.shield(self._ready)

    def _request(self, **request: object) -> None:
        if self._lost or self._requests is None:
            raise self._lost or FabricLost("the local fabric is closed")
        self._requests.write(json.dumps(request).encode() + b"\n")

    async def _read(self, reports: asyncio.StreamReader) -> None:
        """However this ends, nobody may go on waiting for what it would have read."""
        try:
            with contextlib.suppress(ConnectionError):  # that is an end like any other
                async for line in reports:
                    self._note(json.loads(line))
        finally:
            self._lost = self._loss()
            for future in (self._ready, *self._ended.values(), *self._signals):
                if future is not None and not future.done():
                    future.set_exception(self._lost)
                    future.exception()  # nobody need be waiting for it

    def _note(self, report: dict[str, object]) -> None:
        if "ready" in report and self._ready and not self._ready.done():
            self._ready.set_result(int(str(report["ready"])))
        elif "started" in report:
            self._pids[str(report["started"])] = int(str(report["pid"]))
        elif "ended" in report:
            self._settle(str(report["ended"]), int(str(report["status"])))
        elif "signalled" in report:
            self._signals.popleft().set_result(None)
        elif "failed" in report:
            self._settle(str(report["failed"]), os.EX_OSERR)

    def _settle(self, name: str, status: int) -> None:
        future = self._ended.get(name)
        if future is not None and not future.done():
            future.set_result(status)

    def _loss(self) -> FabricLost:
        said = ""
        with contextlib.suppress(OSError):
            said = self._log.read_text(errors="replace")
        lines = said.strip().splitlines()
        return FabricLost(
            "the process that every part is forked from has ended" + "\n  ".join(["", *lines[-5:]]),
            "if you did not end it, reinstall with `make clean demo`, or look for an OOM kill",
        )
