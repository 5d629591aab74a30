"""Backends found by name: a host that stands for many addresses, asked for again and again.

`--discover app/node:8001` makes a backend of every address that `node` resolves to: Docker's own
DNS answers with one address for each replica, and a headless service of Kubernetes does the same.
An address that the name no longer has is removed, and its pins move. A name that cannot be
resolved changes nothing, as with Envoy's strict DNS: that the DNS is down says nothing about the
backends, and of a dead one the health checks tell.
"""

from __future__ import annotations

import asyncio
import socket
from operator import attrgetter
from typing import TYPE_CHECKING

from sessionlab.balancer.config.model import Address, BackendSpec
from sessionlab.balancer.errors import AdminError
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from sessionlab.balancer.config.model import Config, DiscoverSpec
    from sessionlab.balancer.services.registry import Cluster

    Resolve = Callable[[str, int], Awaitable[set[str]]]


async def resolve(host: str, port: int) -> set[str]:
    """Every address of a host, as the machine's own resolver says. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return {str(address[0]) for *_, address in found}


def specs(wanted: DiscoverSpec, addresses: Iterable[str]) -> set[BackendSpec]:
    """One backend an address, named after it, so that it is the same one in the next answer."""
    return {
        BackendSpec(
            wanted.service,
            f"{ip.replace(':', '-').replace('%', '-').strip('-')}-{wanted.port}",
            Address(ip, wanted.port),
        )
        for ip in addresses
    }


class Discovery:
    """Keeps a cluster's backends equal to what names resolve to; `changed` hears of any change."""

    def __init__(
        self,
        cluster: Cluster,
        changed: Callable[[], None],
        log: Callable[[str], None],
        resolve: Resolve = resolve,
    ) -> None:
        self._cluster = cluster
        self._changed = changed
        self._log = log
        self._resolve = resolve
        self._known: dict[DiscoverSpec, set[BackendSpec]] = {}
        self._failing: set[DiscoverSpec] = set()
        self._by_hand: set[BackendSpec] = set()
        self._tasks: dict[DiscoverSpec, asyncio.Task[None]] = {}

    def follow(self, config: Config) -> None:
        """Look for what a configuration names; what only an older one named goes."""
        for gone in [spec for spec in self._tasks if spec not in config.discover]:
            self._tasks.pop(gone).cancel()
            self._became(gone, set())
            self._known.pop(gone, None)
            self._failing.discard(gone)
        for spec in config.discover:
            if spec not in self._tasks:
                self._tasks[spec] = asyncio.get_running_loop().create_task(self._watch(spec))

    async def stop(self) -> None:
        """Look no more; the backends stay."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, spec: DiscoverSpec) -> None:
        while True:
            await self.look(spec)
            await asyncio.sleep(self._cluster.config.discover_interval)

    async def look(self, spec: DiscoverSpec) -> None:
        """Resolve a name once, and take over the answer."""
        try:
            addresses = await self._resolve(spec.host, spec.port)
        except (OSError, UnicodeError) as error:
            if spec not in self._failing:
                kept = len(self._known.get(spec, ()))
                why = getattr(error, "strerror", None) or error
                self._log(f"cannot resolve {spec.host}: {why}; {kept} backends stay as they are")
            self._failing.add(spec)
            return
        if spec in self._failing:
            self._failing.discard(spec)
            self._log(f"{spec.host} resolves again")
        self._became(spec, specs(spec, addresses))

    def _became(self, spec: DiscoverSpec, found: set[BackendSpec]) -> None:
        known = self._known.get(spec, set())
        if found == known:
            return
        self._known[spec] = found
        for backend in sorted(known - found, key=attrgetter("name")):
            self._remove(backend, spec)
        for backend in sorted(found - known, key=attrgetter("name")):
            self._add(backend, spec)
        self._changed()

    def _add(self, backend: BackendSpec, spec: DiscoverSpec) -> None:
        try:
            self._cluster.add(backend)
        except AdminError as error:
            self._by_hand.add(backend)  # so it is not ours to remove
            self._log(f"{spec.host} has {backend.address}, but {error}")
        else:
            self._log(f"backend {backend.service}/{backend.name} is new: {spec.host} has it")

    def _remove(self, backend: BackendSpec, spec: DiscoverSpec) -> None:
        if backend in self._by_hand:
            self._by_hand.discard(backend)
            return
        try:
            close_all(self._cluster.remove(backend.service, backend.name))
        except AdminError:
            return  # somebody has removed it by hand
        self._log(f"backend {backend.service}/{backend.name} is gone: {spec.host} has it no more")
