"""nginx: configured by a file, and known only by what it logs.

The open-source nginx has no active health checks and tells nobody what it thinks of its servers.
It takes a server out for `fail_timeout` after a request has failed there (passive checks), and
says so in its error log: that is all there is to know.
"""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.balancers.interface import PART, Backend
from sessionlab.lab.balancers.nginx_config import FAIL_SECONDS, configuration
from sessionlab.lab.balancers.plan import Plan
from sessionlab.lab.balancers.programs import program
from sessionlab.lab.balancers.started import Started
from sessionlab.lab.errors import Skip
from sessionlab.lab.fabrics.interface import Part, Sandbox
from sessionlab.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.description.cluster import Description

FILE = "nginx.conf"
LEAVING = "gracefully shutting down"
DISABLED = re.compile(r'temporarily disabled .*upstream: "http://([^/"]+)')


class Nginx(Started):
    """A master that keeps its process id and one worker, replaced at each reload."""

    def __init__(
        self, description: Description, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        super().__init__(description, sandbox, http)
        self._program = program("nginx", sandbox)
        self._version = 0
        self._read = 0
        self._disabled: dict[str, float] = {}
        self._configure([])  # what nginx cannot do is told before anything is started

    def part(self, backends: Sequence[Backend]) -> Part:
        path = self._configure(backends)
        return Part(PART, self._program, ["-p", self._sandbox.room, "-e", "stderr", "-c", path])

    async def ready(self) -> bool:
        """Whether it answers, with the configuration that it was given last."""
        try:
            async with self._http.get(f"{self.admin.url}/version") as got:
                return await got.text() == str(self._version)
        except (aiohttp.ClientError, OSError):
            return False

    async def states(self) -> dict[str, str]:
        """Up, unless its log says that a server was taken out and has not come back since."""
        log = self._sandbox.log(PART)
        now = time.monotonic()
        for address in DISABLED.findall(log, self._read):
            self._disabled[address] = now
        self._read = log.rfind("\n") + 1
        out = {a for a, since in self._disabled.items() if now - since < FAIL_SECONDS}
        return {b.name: "down" if str(b.address) in out else "up" for b in self._backends}

    async def add(self, backend: Backend) -> None:
        self._backends.append(backend)
        await self.reload()

    async def drain(self, backend: Backend, limit: float) -> None:  # noqa: ARG002
        raise Skip(
            f"the open-source nginx cannot drain {backend.name}: it has no such state",
            "the parameter `drain` of a server is in its commercial edition",
        )

    async def pins(self) -> Mapping[str, int]:
        """It ties nobody to a node by anything that it would remember."""
        return {}

    async def remove(self, backend: Backend) -> None:
        self._backends.remove(backend)
        await self.reload()

    async def reload(self) -> None:
        """Reload, and wait until the old worker takes no more connections."""
        workers_left = self._sandbox.log(PART).count(LEAVING)
        self._configure(self._backends)
        await self._sandbox.signal(PART, signal.SIGHUP)

        async def replaced() -> bool:
            return await self.ready() and self._sandbox.log(PART).count(LEAVING) > workers_left

        await until("nginx to take its new configuration", replaced)

    def _configure(self, backends: Sequence[Backend]) -> str:
        self._backends = list(backends)
        self._version += 1
        plan = Plan(
            self.address,
            self.admin,
            self.admin,
            self._sandbox.room,
            self._description,
            backends,
            self._version,
            edge=self.edge,
        )
        return self._sandbox.write(FILE, configuration(plan))
