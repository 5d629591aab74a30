"""The fabric `local`: every part a process on this machine, on a free port of the loopback."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address
from itertools import count
from typing import TYPE_CHECKING

from sessionlab.lab.errors import Skip, StartError
from sessionlab.lab.fabrics.local.descriptors import allow_enough
from sessionlab.lab.fabrics.local.forks import Forks
from sessionlab.lab.fabrics.local.programs import executable, how_to_get
from sessionlab.lab.fabrics.local.sandbox import LocalSandbox
from sessionlab.lab.fabrics.run_folder import RunFolder

if TYPE_CHECKING:
    from random import Random


class LocalFabric:
    """Every part a process on this machine, on a free port of the loopback."""

    name = "local"
    one_at_a_time = False

    def __init__(self) -> None:
        self._run_folder: RunFolder | None = None
        self._forks = Forks()
        self._sandboxes: list[LocalSandbox] = []

    async def open(self) -> None:
        """Start what parts are forked from; they wait for it to have loaded."""
        allow_enough()
        self._run_folder = RunFolder()
        await self._forks.open(self._run_folder)

    def sandbox(self, label: str) -> LocalSandbox:
        """The ground for one cluster; `label` (made unique) tells its parts from others."""
        if self._run_folder is None:
            raise StartError("the local fabric is not open")
        used = {sandbox.label for sandbox in self._sandboxes}
        if label in used:
            label = next(name for n in count(2) if (name := f"{label}.{n}") not in used)
        folder = self._run_folder.folder / label
        folder.mkdir(mode=0o700)
        self._sandboxes.append(LocalSandbox(self._forks, label, folder))
        return self._sandboxes[-1]

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
        """Kill what is left, wait until it is gone, and remove the run's files."""
        await self._forks.close()
        for sandbox in self._sandboxes:
            sandbox.release()
        if self._run_folder:
            self._run_folder.close()
