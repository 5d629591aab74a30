"""Asks one backend, again and again, whether it can serve."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, cast

from sessionlab.balancer.backends.state import Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import Address, HealthPolicy

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_UNAVAILABLE = 503
_ENOUGH = 16  # bytes, to see the status line's beginning


class _Probe(asyncio.Protocol):
    """One check's connection: sends the request, keeps the status."""

    def __init__(self, request: bytes, answer: asyncio.Future[int]) -> None:
        self._request = request
        self._answer = answer
        self._seen = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if len(self._seen) >= _ENOUGH:
            match = _STATUS.match(self._seen)
            self._settle(int(match[1]) if match else 0)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(0)

    def _settle(self, status: int) -> None:
        if not self._answer.done():
            self._answer.set_result(status)
        if self._transport is not None:
            self._transport.abort()


async def probe(address: Address, policy: HealthPolicy) -> Seen:
    """One check: a fresh connection, one GET, a status.

    503 from a live socket is no failure but a wish: it has no room, or is about to stop.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[int] = loop.create_future()
    request = f"GET {policy.path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    transport: asyncio.BaseTransport | None = None
    try:
        async with asyncio.timeout(policy.timeout):
            if address.path:
                transport, _ = await loop.create_unix_connection(
                    lambda: _Probe(request, answer), address.path
                )
            else:
                transport, _ = await loop.create_connection(
                    lambda: _Probe(request, answer), address.host, address.port
                )
            status = await answer
    except (OSError, TimeoutError):
        return Seen.BAD
    finally:
        if transport is not None:
            cast("asyncio.Transport", transport).abort()
    if status in policy.status:
        return Seen.GOOD
    return Seen.ASKS_TO_LEAVE if status == _UNAVAILABLE else Seen.BAD


class Checker:
    """Runs the checks; tells what it saw after each.

    A backend in maintenance is not asked: `wanted` says so before each check.
    """

    def __init__(
        self,
        policy: HealthPolicy,
        wanted: Callable[[Backend], bool],
        report: Callable[[Backend, Seen], None],
    ) -> None:
        self._policy = policy
        self._wanted = wanted
        self._report = report
        self._tasks: dict[Backend, asyncio.Task[None]] = {}

    def watch(self, backend: Backend) -> None:
        """Begin to check a backend, the first time at once."""
        if self._policy.interval:
            self._tasks[backend] = asyncio.get_running_loop().create_task(self._watch(backend))

    def forget(self, backend: Backend) -> None:
        """Stop checking a backend."""
        task = self._tasks.pop(backend, None)
        if task is not None:
            task.cancel()

    def cancel(self) -> list[asyncio.Task[None]]:
        """Check nobody any more; returns the tasks that are ending."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        return tasks

    async def stop(self) -> None:
        """Stop checking altogether."""
        tasks = self.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self, backend: Backend) -> None:
        while True:
            if self._wanted(backend):
                self._report(backend, await probe(backend.address, self._policy))
            await asyncio.sleep(self._policy.interval)
