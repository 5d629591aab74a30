"""The fabric `local`: every part a process on this machine, on a free port of the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections import deque
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from random import Random

from sessionlab.lab.errors import FabricLost, Skip, StartError
from sessionlab.lab.fabrics.interface import Address, Part
from sessionlab.lab.fabrics.local.ports import reserve
from sessionlab.lab.fabrics.run_folder import MARK, Scratch

LOOPBACK = "127.0.0.1"


class LocalFabric:
    """Forks parts from one preloaded process (see `forkserver`), which also buries them."""

    name = "local"
    one_at_a_time = False

    def __init__(self) -> None:
        self._scratch: Scratch | None = None
        self._server: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[int] | None = None
        self._ended: dict[str, asyncio.Future[int]] = {}
        self._signals: deque[asyncio.Future[None]] = deque()  # requested, and answered in order
        self._sites: list[LocalSite] = []
        self._lost: FabricLost | None = None

    async def open(self) -> None:
        """Start the forkserver; returns at once, parts wait for it to have loaded."""
        self._scratch = Scratch()
        self._ready = asyncio.get_running_loop().create_future()
        with (self._scratch.folder / "forkserver.log").open("wb") as log:
            self._server = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "sessionlab.lab.fabrics.local.forkserver", str(self._scratch.folder)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, MARK: self._scratch.run},
                start_new_session=True,  # the terminal's Ctrl-C is the lab's to handle
            )
        self._reader = asyncio.create_task(self._read_reports())

    def site(self, label: str) -> LocalSite:
        """The ground for one cluster; `label` (made unique) tells its parts from others."""
        if self._scratch is None:
            raise StartError("the local fabric is not open")
        used = {site.label for site in self._sites}
        if label in used:
            label = next(name for n in count(2) if (name := f"{label}.{n}") not in used)
        folder = self._scratch.folder / label
        folder.mkdir(mode=0o700)
        self._sites.append(LocalSite(self, label, folder))
        return self._sites[-1]

    def executable(self, *names: str) -> str | None:
        return executable(*names)

    def how_to_get(self, package: str) -> str:
        return how_to_get(package)

    def addresses(self, count: int, random: Random) -> list[str]:
        """On Linux the whole of 127.0.0.0/8 is this machine's; elsewhere one address is."""
        if sys.platform != "linux":
            raise Skip("it takes clients at different addresses, and this system has one loopback")
        drawn = random.sample(range(1 << 8, (1 << 24) - 1), count)
        return [str(IPv4Address("127.0.0.0") + number) for number in drawn]

    async def close(self) -> None:
        """Have the forkserver kill what is left, and wait until it is gone."""
        if self._server and self._server.stdin:
            self._server.stdin.close()
            await self._server.wait()
        if self._reader:
            await self._reader
        for site in self._sites:
            site.release()
        if self._scratch:
            self._scratch.close()

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
        if self._lost or self._server is None or self._server.stdin is None:
            raise self._lost or FabricLost("the local fabric is closed")
        self._server.stdin.write(json.dumps(request).encode() + b"\n")

    async def _read_reports(self) -> None:
        assert self._server is not None  # noqa: S101
        assert self._server.stdout is not None  # noqa: S101
        async for line in self._server.stdout:
            self._note(json.loads(line))
        self._lost = self._loss()
        for future in (self._ready, *self._ended.values(), *self._signals):
            if future is not None and not future.done():
                future.set_exception(self._lost)
                future.exception()  # nobody need be waiting for it

    def _note(self, report: dict[str, object]) -> None:
        if "ready" in report and self._ready and not self._ready.done():
            self._ready.set_result(int(str(report["ready"])))
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
        if self._scratch:
            with contextlib.suppress(OSError):
                said = (self._scratch.folder / "forkserver.log").read_text(errors="replace")
        lines = said.strip().splitlines()
        return FabricLost(
            "the process that every part is forked from has ended" + "\n  ".join(["", *lines[-5:]]),
            "if you did not end it, reinstall with `make clean demo`, or look for an OOM kill",
        )


def executable(*names: str) -> str | None:
    """The first of these programs that is installed.

    Debian keeps servers in /usr/sbin, which is on nobody's PATH but root's.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def how_to_get(package: str) -> str:
    return f"on Debian and Ubuntu: apt install {package}"


class LocalSite:
    """One cluster's processes, ports and files."""

    def __init__(self, fabric: LocalFabric, label: str, folder: Path) -> None:
        self._fabric = fabric
        self.label = label
        self._folder = folder
        self.room = str(folder)
        self._reserved: list[socket.socket] = []

    async def open(self) -> None:
        """The loopback is always ready."""

    def place(self, part: str, port: int = 0) -> Address:  # noqa: ARG002  all share the loopback
        """Reserve a port on the loopback for as long as the site is open.

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
            self._reserved.append(reservation)
        else:
            reservation.close()
        return address

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
        await self._fabric.start(self._name(part.name), part, self._log(part.name))

    async def signal(self, name: str, signum: int) -> None:
        await self._fabric.signal(self._name(name), signum)

    async def gone(self, name: str) -> int:
        return await self._fabric.gone(self._name(name))

    def ended(self, name: str) -> int | None:
        return self._fabric.ended(self._name(name))

    def log(self, name: str) -> str:
        try:
            return self._log(name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    async def close(self) -> None:
        """Kill what still runs, wait until it is gone, and free the ports."""
        try:
            left = self._fabric.running(f"{self.label}/")
            for name in left:
                await self._fabric.signal(name, signal.SIGKILL)
            for name in left:
                await self._fabric.gone(name)
        except FabricLost:
            pass  # whatever ended the forkserver has ended its children
        finally:
            self.release()

    def release(self) -> None:
        """Free the ports."""
        for reservation in self._reserved:
            reservation.close()

    def _name(self, part: str) -> str:
        return f"{self.label}/{part}"

    def _log(self, part: str) -> Path:
        return self._folder / f"{part}.log"
