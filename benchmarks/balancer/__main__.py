"""`python -m benchmarks.balancer [--quick]`: the table, with ratios to HAProxy.

Each balancer runs on one core, the backends and wrk on the other. Runs of the contenders take
turns, and a ratio is the median over the rounds: a busy machine slows all of them.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.balancer.contenders import Contender, Setup, found
from benchmarks.balancer.load import Case, Result, Target, run

FULL = [
    Case(connections, size, keep_alive, cookie)
    for cookie in (False, True)
    for keep_alive in (True, False)
    for size in (100, 10_000, 1_000_000)
    for connections in (1, 32, 512)
] + [Case(32, 100, keep_alive=True, cookie=False, varied=True)]
QUICK = [
    Case(32, 100, keep_alive=True, cookie=False),
    Case(32, 100, keep_alive=True, cookie=True),
    Case(32, 100, keep_alive=True, cookie=False, varied=True),
    Case(32, 100, keep_alive=False, cookie=False),
    Case(32, 1_000_000, keep_alive=True, cookie=False),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(stack: ExitStack, command: list[str], port: int, core: int) -> int:
    """Start a process on a core and wait for its port; returns its pid."""
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
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


def measure(
    case: Case, contenders: list[Contender], rounds: int, seconds: float, directory: Path
) -> dict[str, list[Result]]:
    """Results of each contender, round by round."""
    mine, other = 0, (os.cpu_count() or 1) - 1
    results: dict[str, list[Result]] = {c.name: [] for c in contenders}
    with ExitStack() as stack:
        backends = [free_port() for _ in range(3)]
        for number, port in enumerate(backends):
            command = [sys.executable, "-m", "benchmarks.balancer.backend", str(port), f"n{number}"]
            start(stack, command, port, other)
        ports = {c.name: free_port() for c in contenders}
        pids = {
            c.name: start(
                stack,
                c.command(Setup(ports[c.name], backends, case.cookie, directory)),
                ports[c.name],
                mine,
            )
            for c in contenders
        }
        time.sleep(0.5)  # first health checks
        for _ in range(rounds):
            for c in contenders:
                name = c.name
                target = Target(ports[name], pids[name], directory)
                results[name].append(run(case, target, seconds, other))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="five rows instead of all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each run")
    chosen = parser.parse_args()
    contenders = found()
    print("CPU µs per request (ratio to HAProxy) | requests/s | p99 ms; medians")
    with tempfile.TemporaryDirectory() as directory:
        for case in QUICK if chosen.quick else FULL:
            able = [c for c in contenders if c.has_cookies or not case.cookie]
            results = measure(case, able, chosen.rounds, chosen.seconds, Path(directory))
            print(case, *(row(name, results) for name in results), sep="  ", flush=True)


def row(name: str, results: dict[str, list[Result]]) -> str:
    """One contender's cell."""
    mine = results[name]
    peer = results.get("haproxy", mine)
    ratio = median(m.cpu / p.cpu for m, p in zip(mine, peer, strict=True))
    cpu, rate = median(m.cpu for m in mine), median(m.rate for m in mine)
    return f"{name} {cpu:7.1f} ({ratio:.2f}) | {rate:6.0f} | {median(m.p99 for m in mine):6.2f}"


if __name__ == "__main__":
    main()
