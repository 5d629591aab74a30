"""HAProxy: configured by a file, watched through its statistics page, reloaded to grow."""

from __future__ import annotations

import asyncio
import csv
import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING

from sessionlab.lab.balancers.haproxy_config import CHECK, PEER, TABLES, configuration
from sessionlab.lab.balancers.interface import PART, Backend, asking
from sessionlab.lab.balancers.plan import Plan
from sessionlab.lab.balancers.programs import program
from sessionlab.lab.balancers.started import Started
from sessionlab.lab.errors import StepError
from sessionlab.lab.fabrics.interface import Part, Sandbox
from sessionlab.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aiohttp

    from sessionlab.lab.description.cluster import Description

FILE = "haproxy.cfg"
STOPPED = "Proxy public stopped"  # what a worker says once it takes no more connections
GONE = "Former worker"  # what the master says once it has ended, its tables handed over
RELOADING = "Reloading HAProxy"  # what the master says when it has heard the signal
SETTLED_SECONDS = 0.3
RESYNC_SECONDS = 5.1
"""A worker hands its tables over only once it has given up waiting for those of one before it
(`PEER_RESYNC_TIMEOUT`, 5 s, fixed in HAProxy's source)."""


class HAProxy(Started):
    """A master that keeps its process id and one worker, replaced at each reload (`-W`)."""

    def __init__(
        self, description: Description, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        super().__init__(description, sandbox, http)
        self._peer = sandbox.place(PART)
        self._runtime = sandbox.place(PART)
        self._program = program("haproxy", sandbox)
        self._draining: set[str] = set()
        self._started = 0.0
        self._configure([])  # what HAProxy cannot do is told before anything is started

    def part(self, backends: Sequence[Backend]) -> Part:
        path = self._configure(backends)
        return Part(PART, self._program, ["-W", "-L", PEER, "-f", path])

    async def ready(self) -> bool:
        try:
            await self.states()
        except StepError:
            return False
        self._started = time.monotonic()
        return True

    async def states(self) -> dict[str, str]:
        """What its statistics say; a server counts as up once a check has found it so."""
        return {row["svname"]: _state(row) for row in await self._servers()}

    async def add(self, backend: Backend) -> None:
        self._backends.append(backend)
        if not self._changes_at_runtime:
            return await self.reload()
        # A reload would do here as well, but a worker takes connections before it has its tables,
        # and clients that keep asking lose their sessions meanwhile.
        self._configure(self._backends)
        name = f"{backend.service}/{backend.name}"
        await self._command(
            f"add server {name} {backend.address} {CHECK.format(100)}", says="New server"
        )
        await self._command(f"enable server {name}")
        return await self._command(f"enable health {name}")

    async def drain(self, backend: Backend, limit: float) -> None:  # noqa: ARG002
        """Through the runtime API; it knows no limit, so whoever drains has to keep one."""
        await self._command(f"set server {backend.service}/{backend.name} state drain")
        self._draining.add(backend.name)  # for the reloads that follow

    async def pins(self) -> Mapping[str, int]:
        """It keeps no count: a cookie is the client's, and its tables don't hear of a logout."""
        return {}

    async def remove(self, backend: Backend) -> None:
        self._backends.remove(backend)
        self._draining.discard(backend.name)
        if not self._changes_at_runtime:
            return await self.reload()
        self._configure(self._backends)
        name = f"{backend.service}/{backend.name}"
        await self._command(f"set server {name} state maint")

        async def deleted() -> bool:
            try:
                await self._command(f"del server {name}", says="Server deleted")
            except StepError:
                return False  # requests are still open there
            return True

        return await until(f"haproxy to let {backend.name} go", deleted)

    async def reload(self) -> None:
        """Reload, and wait until the new worker alone takes connections and has made its checks."""
        keeps_pins = self._keeps_tables
        if keeps_pins:
            await asyncio.sleep(self._started + RESYNC_SECONDS - time.monotonic())
        self._configure(self._backends)
        await self._until_logged(
            GONE if keeps_pins else STOPPED,
            "haproxy to take its new configuration",
            self._signal_master,
        )
        self._started = time.monotonic()

        async def checked() -> bool:
            return not any(map(_is_unchecked, await self._servers()))

        await until("haproxy to check its servers", checked)

    async def _signal_master(self) -> None:
        """Have the master reload. It is deaf to signals until it has settled after the last one."""
        heard = self._sandbox.log(PART).count(RELOADING)
        signalled = 0.0

        async def hears() -> bool:
            nonlocal signalled
            if time.monotonic() - signalled > SETTLED_SECONDS:
                signalled = time.monotonic()
                await self._sandbox.signal(PART, signal.SIGUSR2)
            return self._sandbox.log(PART).count(RELOADING) > heard

        await until("haproxy to begin its reload", hears)

    async def _servers(self) -> list[dict[str, str]]:
        """A row of its statistics for each server."""
        with asking():
            got = await self._http.get(f"{self.admin.url}/stats;csv;norefresh")
            table = (await got.text()).removeprefix("# ")
        services = {service.name for service in self._description.services}
        return [
            row
            for row in csv.DictReader(table.splitlines())
            if row["pxname"] in services and row["svname"] not in ("FRONTEND", "BACKEND")
        ]

    @property
    def _keeps_tables(self) -> bool:
        """Whether its pins are in the process."""
        return self._description.affinity.partition(":")[0] in TABLES

    @property
    def _changes_at_runtime(self) -> bool:
        """Whether it has to take servers at runtime, and can: a static hash knows no such thing."""
        return self._keeps_tables and self._description.algorithm.partition(":")[0] != "hash"

    async def _command(self, text: str, says: str = "") -> None:
        """One command of the runtime API; raises StepError unless its answer begins like that."""
        with asking():
            reader, writer = await asyncio.open_connection(self._runtime.host, self._runtime.port)
            with closing(writer):
                writer.write(f"{text}\n".encode())
                said = (await reader.read()).decode().strip()
        if not said.startswith(says) if says else said:
            raise StepError(f"haproxy refused `{text}`: {said}")

    def _configure(self, backends: Sequence[Backend]) -> str:
        self._backends = list(backends)
        plan = Plan(
            listen=self.address,
            admin=self.admin,
            peer=self._peer,
            room=self._sandbox.room,
            description=self._description,
            backends=backends,
            runtime=self._runtime,
            draining=self._draining,
            edge=self.edge,
        )
        return self._sandbox.write(FILE, configuration(plan))


def _is_unchecked(row: dict[str, str]) -> bool:
    return row["check_status"] in ("", "INI")


def _state(row: dict[str, str]) -> str:
    """The lab's word for a server's status: `UP`, `UP 1/3`, `DOWN`, `MAINT (resolution)`, ..."""
    word = row["status"].split()[0]
    if word == "UP" and _is_unchecked(row):
        return "down"  # HAProxy gives a server the benefit of the doubt until its first check
    if word == "UP" and row["weight"] == "0":
        return "drain"
    return {"UP": "up", "DRAIN": "drain", "NOLB": "drain", "MAINT": "maintenance"}.get(word, "down")
