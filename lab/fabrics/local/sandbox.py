"""One cluster's ground on this machine: ports of the loopback, a folder, and processes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.errors import FabricLost, StartError
from sessionlab.lab.fabrics.interface import Address, Part
from sessionlab.lab.fabrics.local.ports import reserve
from sessionlab.lab.fabrics.local.process_tree import descendants
from sessionlab.lab.fabrics.local.programs import executable, found, how_to_get

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from sessionlab.lab.fabrics.local.forks import Forks

LOOPBACK = "127.0.0.1"


class LocalSandbox:
    """One cluster's processes, ports and files."""

    listen_host = ""

    def __init__(self, forks: Forks, label: str, folder: Path) -> None:
        self._forks = forks
        self.label = label
        self._folder = folder
        self.room = str(folder)
        self._reserved: dict[str, list[socket.socket]] = {}
        self._commands: set[str] = set()

    async def open(self) -> None:
        """The loopback is always ready."""

    def place(self, part: str, port: int = 0) -> Address:
        """Reserve a port on the loopback for as long as the sandbox is open.

        A node that is killed finds its port free when it comes back, unless a process has asked
        for that very number with SO_REUSEADDR, which nothing can prevent: see `ports`.
        """
        try:
            reservation = reserve(LOOPBACK, port)
        except OSError as error:
            raise StartError(
                f"port {port} on {LOOPBACK} cannot be had: {error.strerror}",
                "choose another port, or stop what holds it",
            ) from None
        address = Address(LOOPBACK, reservation.getsockname()[1])
        if sys.platform == "linux":
            self._reserved.setdefault(part, []).append(reservation)
        else:
            reservation.close()
        return address

    def vacate(self, part: str) -> None:
        for reservation in self._reserved.pop(part, ()):
            reservation.close()

    def write(self, name: str, content: str) -> str:
        path = self._folder / name
        written = self._folder / f".{name}"
        written.touch(mode=0o600)
        written.write_text(content)
        written.replace(path)  # so that nobody reads half a file
        return str(path)

    def executable(self, *names: str) -> str | None:
        return executable(*names)

    def how_to_get(self, package: str) -> str:
        return how_to_get(package)

    def keep(self, part: str) -> str:
        folder = self._folder / f"{part}.kept"
        folder.mkdir(mode=0o700, exist_ok=True)
        return str(folder)

    async def start(self, part: Part) -> None:
        if part.folder:
            part = replace(part, program=found(part))
            self.vacate(part.name)  # it may bind its port without SO_REUSEADDR
            self._commands.add(part.name)
        await self._forks.start(self._name(part.name), part, self._log(part.name))

    async def signal(self, name: str, signum: int) -> None:
        await self._forks.signal(self._name(name), signum)

    async def gone(self, name: str) -> int:
        return await self._forks.gone(self._name(name))

    def ended(self, name: str) -> int | None:
        return self._forks.ended(self._name(name))

    def log(self, name: str) -> str:
        try:
            return self._log(name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def printed(self, name: str, since: int, most: int) -> bytes:
        path = self._log(name)
        try:
            if path.stat().st_size <= since:
                return b""  # most looks: to open it costs ten times as much
            with path.open("rb") as log:
                log.seek(since)
                return log.read(most)
        except FileNotFoundError:
            return b""

    def empty(self, name: str, size: int) -> bool:
        """Its process appends (O_APPEND), so that it goes on at the new end."""
        with contextlib.suppress(FileNotFoundError), self._log(name).open("r+b") as log:
            if os.fstat(log.fileno()).st_size == size:
                log.truncate(0)
                return True
        return False

    async def pid(self, name: str) -> int | None:
        pid = self._forks.pid(self._name(name))
        return next(iter(self.processes(name)), pid)

    def processes(self, name: str) -> list[int]:
        pid = self._forks.pid(self._name(name))
        return descendants(pid) if pid and name in self._commands else []

    async def close(self) -> None:
        """Kill what still runs, wait until it is gone, and free the ports."""
        try:
            left = self._forks.running(f"{self.label}/")
            for name in left:
                await self._forks.signal(name, signal.SIGKILL)
            for name in left:
                await self._forks.gone(name)
        except FabricLost:
            pass  # whatever ended the forkserver has ended its children
        finally:
            self.release()

    def release(self) -> None:
        """Free the ports."""
        for part in [*self._reserved]:
            self.vacate(part)

    def _name(self, part: str) -> str:
        return f"{self.label}/{part}"

    def _log(self, part: str) -> Path:
        return self._folder / f"{part}.log"
