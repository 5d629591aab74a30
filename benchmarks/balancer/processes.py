"""Programs under measurement: started on a core, asked for the CPU time that they have used."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from contextlib import ExitStack

OURS, OTHERS = 0, (os.cpu_count() or 1) - 1
"""The core of what is measured, and that of backends and load."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(
    stack: ExitStack, command: list[str], port: int, core: int, directory: Path | None = None
) -> int:
    """Start a process on a core and wait for its port; returns its pid."""
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=directory,
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    while True:
        if process.poll() is not None:
            sys.exit(f"{command[0]} did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process.pid
        time.sleep(0.01)


def cpu_us(pid: int) -> float:
    """The CPU time of a process and its children so far, user and kernel, in µs.

    The scheduler's own account counts nanoseconds; /proc/PID/stat counts ticks of 10 ms.
    """
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    mine = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000.0
    children = " ".join((task / "children").read_text() for task in tasks).split()
    return mine + sum(cpu_us(int(child)) for child in children)


class Ticks(NamedTuple):
    """The same in ticks of 10 ms, which tell user from kernel time."""

    user: int
    kernel: int

    @classmethod
    def of(cls, pid: int) -> Ticks:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return cls(int(fields[11]), int(fields[12]))

    def __sub__(self, before: Ticks) -> Ticks:
        return Ticks(self.user - before.user, self.kernel - before.kernel)

    @property
    def user_share(self) -> float:
        return self.user / (self.user + self.kernel or 1)
