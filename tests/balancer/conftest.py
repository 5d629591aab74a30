"""Backends and balancers for the tests, on real sockets and on the loop that serves for real."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.processes.single import Running, running
from sessionlab.balancer.proxy.connection import ClientConnection
from tests.balancer.rawhttp import Answer, Backend, connect, until

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.balancer.rawhttp import Client

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@dataclass
class Lab:
    """Starts backends and a balancer, and stops them after the test."""

    stack: AsyncExitStack

    async def backend(self, name: str = "n1", answer: bytes | Answer = b"") -> Backend:
        backend = Backend(name, answer)
        await backend.start()
        self.stack.push_async_callback(backend.stop)
        return backend

    async def backends(self, number: int) -> list[Backend]:
        return [await self.backend(f"n{i + 1}") for i in range(number)]

    async def raw(self, serve: Serve, name: str = "n1") -> str:
        """A server that speaks as it likes on each connection; returns its backend option."""

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(once, "127.0.0.1", 0)
        self.stack.callback(server.close)
        return f"{name}=127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def balancer(
        self, *backends: Backend | str, await_up: bool = True, secret: bytes = b"", **options: Any
    ) -> Running:
        """A balancer without checks unless asked for; up before it is returned."""
        specs = [b if isinstance(b, str) else b.spec for b in backends]
        options = {"health_interval": 0.0, "drain_timeout": 0.0, **options}
        chosen = Options(listen="127.0.0.1:0", admin="127.0.0.1:0", backend=specs, **options)
        balancer = await self.stack.enter_async_context(running(configure(chosen, secret=secret)))
        if options["health_interval"] and await_up:
            await until(lambda: all(b.healthy for b in balancer.context.cluster.backends()))
        return balancer

    async def client(self, balancer: Running) -> Client:
        return await self.stack.enter_async_context(connect(balancer.listen))


def client_connections(balancer: Running) -> list[ClientConnection]:
    """Those of clients, as they are."""
    return [c for c in balancer.context.connections if isinstance(c, ClientConnection)]


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """The lab; a callback that raised fails the test, though the loop would only log it."""
    crashes: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: crashes.append(context))
    async with AsyncExitStack() as stack:
        yield Lab(stack)
    assert crashes == []
