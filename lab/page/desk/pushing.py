"""Tells the state to who listens whenever it has changed, a few times a second at most."""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sessionlab.lab.page.desk.stream import Stream
    from sessionlab.lab.page.model.state import Cluster, State

BETWEEN = 0.34  # seconds, at least: three a second
IDLE = 1.0  # seconds after which it is looked whether it has changed by itself
AGES = 10.0  # seconds after which it is told though only ages are others


class Pushing:
    """`state` makes it; `changed` says that it may be another."""

    def __init__(self, state: Callable[[], Awaitable[State]], stream: Stream) -> None:
        self._state, self._stream = state, stream
        self._changed = asyncio.Event()
        self._last: State | None = None
        self._sent = 0.0

    def changed(self) -> None:
        """Have it looked at soon."""
        self._changed.set()

    async def run(self) -> None:
        """Until it is cancelled; what nobody expects is printed, for the lab goes on."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE):
                    await self._changed.wait()
            self._changed.clear()
            try:
                if self._stream.listeners:
                    await self._push()
            except Exception:  # noqa: BLE001  as the server does
                traceback.print_exc()
            await asyncio.sleep(BETWEEN)

    async def _push(self) -> None:
        state = await self._state()
        same, now = _ageless(state), time.monotonic()
        if same != self._last or now - self._sent >= AGES:
            self._last, self._sent = same, now
            self._stream.send("state", state)


def _ageless(state: State) -> State:
    """Without what changes by itself as time goes by."""
    return structs.replace(state, at=0.0, clusters=[_standing(one) for one in state.clusters])


def _standing(cluster: Cluster) -> Cluster:
    pins = [structs.replace(one, since=0, last_seen=0) for one in cluster.balancing.pins]
    store = cluster.store
    if store:
        keys = [structs.replace(key, ttl=key.ttl and 1) for key in store.keys]
        store = structs.replace(store, keys=keys)
    balancing = structs.replace(cluster.balancing, pins=pins)
    return structs.replace(cluster, balancing=balancing, store=store)
