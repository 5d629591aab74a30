"""A stack that somebody else has started: nodes by one name and port, as Docker's DNS has them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from sessionlab.lab.description.target import Target
from tests.compose.tools import free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

NAME = "nodes.example"


@dataclass
class Stack:
    """`hosts` are in the DNS; `up` starts a node at one of them, `down` ends it."""

    ports: list[int]
    hosts: list[str] = field(default_factory=list)
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        node, balancer, admin = self.ports
        where = f"http://127.0.0.1:{admin}"
        return Target(f"http://127.0.0.1:{balancer}", NAME, node, "password-1", admin=where)

    async def start(self, name: str, *command: str, **variables: str) -> None:
        self.processes[name] = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *command),
            env={**os.environ, **variables},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def up(self, number: int, strategy: str = "memory") -> None:
        """The node `n2` at 127.0.0.2, and so on."""
        host, node = f"127.0.0.{number}", f"n{number}"
        own = {"NODE_ID": node, "NODE_USER_PASSWORD": "password-1", "NODE_HASH_COST": "low"}
        listen = f"{host}:{self.ports[0]}"
        keys = {"NODE_STRATEGY": strategy}
        await self.start(node, "sessionlab.nodes", "--listen", listen, **own, **keys)
        await _answers(f"http://{listen}/readyz")
        self.hosts.append(host)

    async def balance(self, *numbers: int) -> None:
        """The balancer, which has found those by itself and calls them otherwise."""
        node, balancer, admin = self.ports
        backends = [f"at{n}=127.0.0.{n}:{node}" for n in numbers]
        options = [word for backend in backends for word in ("--backend", backend)]
        listen = ("--listen", f"127.0.0.1:{balancer}", "--admin", f"127.0.0.1:{admin}")
        await self.start("balancer", "sessionlab.balancer", *listen, *options)
        await _answers(f"http://127.0.0.1:{admin}/healthz")

    async def down(self, name: str) -> None:
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if name.startswith("n"):
            self.hosts.remove(f"127.0.0.{name[1:]}")


async def _answers(url: str) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(30):
        while True:
            try:
                async with http.get(url) as got:
                    if got.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    """Two nodes, n2 and n3, behind a balancer with an admin."""
    stack = Stack([int(port) for port in free_ports(3)])
    real = socket.getaddrinfo

    def resolved(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host != NAME:
            return real(host, port, *more, **options)
        if not stack.hosts:
            raise socket.gaierror(-2, "Name or service not known")
        return [(2, 1, 6, "", (one, port)) for one in stack.hosts]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    try:
        await stack.up(2)
        await stack.up(3)
        await stack.balance(2, 3)
        yield stack
    finally:
        for name in [*stack.processes]:
            await stack.down(name)
