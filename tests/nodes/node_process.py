"""A node as its users run it: `python -m sessionlab.nodes`, a process of its own."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sessionlab.nodes.process.listening import Address, parse_address
from tests.nodes.running import PASSWORD, Client, client_of

ROOT = Path(__file__).parents[2]


class Process:
    """A started node; `lines` is what it has said on standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self.address = Address("", 0)

    async def line(self, pattern: str) -> re.Match[str]:
        """The next line that has the pattern."""
        assert self._process.stderr is not None
        while raw := await self._process.stderr.readline():
            self.lines.append(raw.decode().rstrip("\n"))
            if found := re.search(pattern, self.lines[-1]):
                return found
        raise AssertionError(f"no line has {pattern!r}: {self.lines}")

    async def ended(self) -> int:
        """The exit status, with every line read."""
        assert self._process.stderr is not None
        rest = (await self._process.stderr.read()).decode()
        self.lines.extend(rest.splitlines())
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()


@asynccontextmanager
async def process(*arguments: str, **environment: str) -> AsyncIterator[Process]:
    """`python -m sessionlab.nodes` with these arguments; killed in the end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    started = Process(
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sessionlab.nodes",
            *arguments,
            env={**inherited, **environment},
            cwd=ROOT,
            stderr=asyncio.subprocess.PIPE,
        )
    )
    try:
        yield started
    finally:
        started.kill()
        await started.ended()


@asynccontextmanager
async def listening(*arguments: str) -> AsyncIterator[tuple[Process, Client]]:
    """A node that listens, on a port of its choice."""
    quick = ("--listen", "127.0.0.1:0", "--hash-cost", "low")
    async with process(*quick, *arguments, NODE_USER_PASSWORD=PASSWORD) as node:
        found = await node.line(r"listening on http://(\S+),")
        node.address = parse_address(found.group(1))
        async with client_of(f"http://{node.address}") as client:
            yield node, client
