"""Backends found by name: a host that stands for many addresses, asked for again and again.

`--discover app/node:8001` makes a backend of every address that `node` resolves to: Docker's own
DNS answers with one address for each replica, and a headless service of Kubernetes does the same.
`srv:_http._tcp.app.example` takes the ports from SRV records too.
Engines take a task out of DNS before they tell it to stop (Swarm by 2 s), and it serves on for the
whole of its own drain. So an address that vanishes drains: its clients stay and nobody new comes,
until it answers no more, nobody is left, or the drain's limit. A name that cannot be resolved, or
to nothing, changes nothing, as with Envoy's strict DNS: that the DNS is down says nothing about
the backends, and of a dead one the health checks tell.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sessionlab.balancer.backends.state import Finding, Seen, State
from sessionlab.balancer.config.model import BackendSpec
from sessionlab.balancer.errors import AdminError
from sessionlab.balancer.health.probe import probe
from sessionlab.balancer.services import metrics
from sessionlab.balancer.services.drain import Watch, outlook
from sessionlab.balancer.services.names import Names
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Address, Config, DiscoverSpec
    from sessionlab.balancer.services.registry import Cluster

    Resolve = Callable[[DiscoverSpec], Awaitable[dict[Address, int | None]]]
    Reports = Callable[[], Awaitable[list[dict[str, Any]]]]


def specs(
    wanted: DiscoverSpec, found: Mapping[Address, int | None]
) -> dict[BackendSpec, int | None]:
    """One backend an address, named after it, so that it is the same one in the next answer."""
    return {
        BackendSpec(
            wanted.service,
            f"{at.host.replace(':', '-').replace('%', '-').strip('-')}-{at.port}",
            at,
        ): weight
        for at, weight in found.items()
    }


class Discovery:
    """Keeps a cluster's backends equal to what names resolve to; `changed` hears of any change.

    `reports` are every worker's counters, which say who is still at a backend that has vanished.
    """

    def __init__(
        self,
        cluster: Cluster,
        changed: Callable[[], None],
        log: Callable[[str], None],
        reports: Reports,
        resolve: Resolve | None = None,
    ) -> None:
        self._cluster = cluster
        self._changed = changed
        self._log = log
        self._reports = reports
        self._resolve = resolve or Names().resolve
        # Vanished, and whether it was us who asked for the drain.
        self._leaving: dict[DiscoverSpec, dict[BackendSpec, bool]] = {}
        self._known: dict[DiscoverSpec, dict[BackendSpec, int | None]] = {}
        self._failing: set[DiscoverSpec] = set()
        self._by_hand: set[BackendSpec] = set()
        self._tasks: dict[DiscoverSpec, asyncio.Task[None]] = {}

    def follow(self, config: Config) -> None:
        """Look for what a configuration names; what only an older one named goes."""
        for gone in [spec for spec in self._tasks if spec not in config.discover]:
            self._tasks.pop(gone).cancel()
            for backend in {**self._known.pop(gone, {}), **self._leaving.pop(gone, {})}:
                if backend in self._by_hand:
                    self._by_hand.discard(backend)
                else:
                    self._remove(backend, f"{gone.host} is discovered no more")
            self._changed()
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
        """Resolve a name once, take over the answer, and see who of the vanished can go."""
        self._cluster.keep_time(time.time())
        try:
            addresses = await self._resolve(spec)
            why: object = "" if addresses else "it has no address"
        except (OSError, UnicodeError) as error:
            addresses = {}
            why = getattr(error, "strerror", None) or error
        if addresses:
            if spec in self._failing:
                self._failing.discard(spec)
                self._log(f"{spec.host} resolves again")
            self._became(spec, specs(spec, addresses))
        elif spec not in self._failing:
            self._failing.add(spec)
            kept = len(self._known.get(spec, ()))
            self._log(f"cannot resolve {spec.host}: {why}; {kept} backends stay as they are")
        await self._end_drains(spec)

    def _became(self, spec: DiscoverSpec, found: dict[BackendSpec, int | None]) -> None:
        known = self._known.get(spec, {})
        if found == known:
            return
        self._known[spec] = found
        for backend in sorted(known.keys() - found.keys(), key=attrgetter("name")):
            self._vanished(backend, spec)
        for backend in sorted(found.keys() - known.keys(), key=attrgetter("name")):
            self._add(backend, spec)
        for backend, weight in found.items():
            # Only when it changes, so that one that is set by hand stays until then.
            ours = backend not in self._by_hand and self._find(backend) is not None
            if ours and weight is not None and weight != known.get(backend):
                self._cluster.change(backend.service, backend.name, None, weight)
        self._changed()

    def _vanished(self, spec: BackendSpec, wanted: DiscoverSpec) -> None:
        if spec in self._by_hand:
            self._by_hand.discard(spec)
            return
        backend = self._find(spec)
        if backend is None:
            return  # somebody has removed it by hand
        if backend.state in {State.DOWN, State.MAINTENANCE}:
            self._remove(spec, f"{wanted.host} has it no more")
            return
        ours = backend.asked is State.UP
        if ours:
            self._cluster.change(spec.service, spec.name, State.DRAIN, None)
        self._leaving.setdefault(wanted, {})[spec] = ours
        self._log(f"backend {spec.service}/{spec.name} drains: {wanted.host} has it no more")

    def _find(self, spec: BackendSpec) -> Backend | None:
        try:
            return self._cluster.find(spec.service, spec.name)
        except AdminError:
            return None

    async def _end_drains(self, wanted: DiscoverSpec) -> None:
        leaving = self._leaving.get(wanted)
        if not leaving:
            return
        whole = metrics.total(await self._reports())
        for spec in sorted(leaving, key=attrgetter("name")):
            backend = self._find(spec)
            why = "removed by hand" if backend is None else await self._over(backend, whole)
            if why:
                del leaving[spec]
                self._remove(spec, why)
                self._changed()

    async def _over(self, backend: Backend, whole: Mapping[str, Any]) -> str:
        """Why nobody needs it any more, or nothing."""
        config = self._cluster.config
        known = whole["backends"].get(f"{backend.service}/{backend.name}")
        silent = backend.found is Finding.DOWN
        if not config.health.interval:
            check = await probe(backend.address, replace(config.health, probe="tcp"))
            silent = check.seen is Seen.BAD
        if silent:
            return "it has left the name and answers no more"
        others = self._cluster.services[backend.service].takes_new
        if backend.overdue and others:
            return "the limit of its drain has passed"
        if known is None or known["active"]:
            return ""
        began = whole["began"].get(backend.service, 0.0)
        watch = Watch(known["pins"], began, others)
        policy = config.policy(backend.service)
        ahead = outlook(backend, watch, policy, self._cluster.wall)
        return "nobody is left" if ahead is not None and ahead["ends_in"] == 0 else ""

    def _add(self, spec: BackendSpec, wanted: DiscoverSpec) -> None:
        ours = self._leaving.get(wanted, {}).pop(spec, None)
        backend = None if ours is None else self._find(spec)
        if backend is not None:
            if ours and backend.asked is State.DRAIN:
                self._cluster.change(spec.service, spec.name, State.UP, None)
            self._log(f"backend {spec.service}/{spec.name} stays: {wanted.host} has it again")
            return
        try:
            self._cluster.add(spec)
        except AdminError as error:
            self._by_hand.add(spec)  # so it is not ours to remove
            self._log(f"{wanted.host} has {spec.address}, but {error}")
        else:
            self._log(f"backend {spec.service}/{spec.name} is new: {wanted.host} has it")

    def _remove(self, spec: BackendSpec, why: str) -> None:
        if self._find(spec) is not None:
            close_all(self._cluster.remove(spec.service, spec.name))
            self._log(f"backend {spec.service}/{spec.name} is gone: {why}")
