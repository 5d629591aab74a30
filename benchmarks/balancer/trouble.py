"""What goes wrong in the chaos run: one thing after another, while the clients ask."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.balancer.echo import CHECK, Backends

if TYPE_CHECKING:
    import random

PAUSE_S = 0.03
WORKER_LIFE_S = 11.0
NOTICED_S = 1.0
"""By then every client of a killed worker has noticed."""
CUT = {
    "worker": "cut with their worker",
    "backend": "cut in the middle of an answer, by its backend's end",
}
"""What nobody could answer: the connection went with its worker, or an answer had begun."""


@dataclass
class Trouble:
    """Changes something every few hundredths of a second; backend 0 is always left in peace."""

    backends: Backends
    balancer: int
    admin: int
    config: Path
    kills_workers: bool
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    worker_end_at: float = 0.0
    backend_ends: int = 0

    async def make(self, stop: asyncio.Event) -> None:
        acts = {
            "backend killed": self._kill,
            "backend drained": lambda n: self._state(n, "drain"),
            "backend in maintenance": lambda n: self._state(n, "maintenance"),
            "backend removed and added": self._remove,
            "weight changed": self._weigh,
            "reload with a changed file": self._reload,
        }
        while not stop.is_set():
            name = self.chance.choice(list(acts))
            await acts[name](self.chance.randrange(1, len(self.backends.ports)))
            self.done[name] += 1
            if self.kills_workers and time.monotonic() > self.worker_end_at + WORKER_LIFE_S:
                self._kill_worker()
            await asyncio.sleep(PAUSE_S)

    def blame(self, backend_ends: int, *, begun: bool) -> str:
        """Why a connection ended, when at the request's beginning so many backends had."""
        if time.monotonic() - self.worker_end_at < NOTICED_S:
            return CUT["worker"]
        # Backends also close by themselves, but never in the middle.
        return CUT["backend"] if begun and backend_ends != self.backend_ends else "lost"

    def configure(self, *, changed: bool = False) -> None:
        """Write the file; a changed one has other weights, and may lack some backends."""
        lines = []
        for number, port in enumerate(self.backends.ports):
            if number and changed and self.chance.random() < 0.3:
                continue
            weight = self.chance.randint(1, 4) if changed else 1
            lines.append(f"n{number}=127.0.0.1:{port},weight={weight}")
        algorithm = self.chance.choice(["round-robin", "least-connections", "random"])
        written = self.config.with_suffix(".new")
        written.write_text(
            f"backend = {json.dumps(lines)}\nhealth-interval = 0.1\n"
            f"health-path = {json.dumps(CHECK.decode())}\nalgorithm = '{algorithm}'\n"
        )
        written.replace(self.config)  # so that nobody reads half a file

    async def _kill(self, number: int) -> None:
        self.backend_ends += 1
        self.backends.kill(number)
        await asyncio.sleep(self.chance.choice([0.0, 0.1, 0.3]))
        self.backends.start(number)

    async def _state(self, number: int, state: str) -> None:
        await self._call("PATCH", f"/backends/app/n{number}", {"state": state})
        await asyncio.sleep(PAUSE_S)
        await self._call("PATCH", f"/backends/app/n{number}", {"state": "up"})

    async def _weigh(self, number: int) -> None:
        weight = self.chance.randint(0, 5)
        await self._call("PATCH", f"/backends/app/n{number}", {"weight": weight})

    async def _remove(self, number: int) -> None:
        await self._call("DELETE", f"/backends/app/n{number}")
        await asyncio.sleep(PAUSE_S)
        address = f"127.0.0.1:{self.backends.ports[number]}"
        await self._call("POST", "/backends", {"name": f"n{number}", "address": address})

    async def _reload(self, _: int) -> None:
        self.configure(changed=True)
        os.kill(self.balancer, signal.SIGHUP)

    def _kill_worker(self) -> None:
        """The oldest: one that dies young again and again is not started any more."""
        children = Path(f"/proc/{self.balancer}/task/{self.balancer}/children").read_text()
        os.kill(int(children.split()[0]), signal.SIGKILL)
        self.worker_end_at = time.monotonic()
        self.done["worker killed"] += 1

    async def _call(self, method: str, path: str, body: object = None) -> None:
        """One request to the admin API. A backend that a reload took away meanwhile is no error."""
        raw = json.dumps(body).encode() if body is not None else b""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.admin)
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        writer.write(head.encode() + raw)
        answer = await reader.read()
        writer.close()
        status = answer.split(b" ", 2)[1]
        if status not in {b"200", b"201", b"204", b"404", b"409"}:
            raise RuntimeError(answer.decode())
