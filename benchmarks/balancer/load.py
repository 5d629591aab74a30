"""wrk, and what it says; the CPU time that the balancer spent meanwhile."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.balancer.processes import Ticks, cpu_us

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.balancer.cases import Case

_LONGEST_S = 16
_TRIES = 5
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Result:
    """One run: CPU µs per request, how much of it outside the kernel, requests/s, p99 in ms."""

    cpu: float
    user: float
    rate: float
    p99: float


@dataclass(frozen=True)
class Target:
    """A running balancer; `directory` is for wrk's scripts."""

    port: int
    pid: int
    directory: Path


def run(case: Case, target: Target, seconds: int, core: int) -> Result:
    """One run of wrk on a core, longer if nothing was answered; RuntimeError if requests failed."""
    port, pid = target.port, target.pid
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{case.connections}", "--latency"]
    command += [f"-d{seconds}s", f"http://127.0.0.1:{port}{case.path}", "-H", "User-Agent: wrk"]
    if not case.keep_alive:
        command += ["-H", "Connection: close"]
    if case.cookie and not case.first:
        command += ["-H", f"Cookie: {_cookie(port, case)}"]
    if case.varied:
        script = target.directory / "varied.lua"
        script.write_text(
            # A table of headers given to wrk.format would replace those of the command line.
            "n = 0\nrequest = function() n = n + 1; wrk.headers['X-N'] = tostring(n)\n"
            f" return wrk.format(nil, '/{case.size}?n=' .. n) end\n"
        )
        command += ["-s", str(script)]
    for _ in range(_TRIES):
        before, ticks = cpu_us(pid), Ticks.of(pid)
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        if "unable to connect" not in ended.stderr:
            break
        time.sleep(2)  # without keep-alive, all ports may be used up for a moment
    said = ended.stdout
    spent, user = cpu_us(pid) - before, (Ticks.of(pid) - ticks).user_share
    if ended.returncode or "Non-2xx" in said:
        raise RuntimeError(said + ended.stderr)
    requests = int(_find(r"(\d+) requests in", said)[0])
    if not requests:  # 512 answers of 1 MB at once take their time on a busy machine
        if seconds >= _LONGEST_S:
            raise RuntimeError(f"no answer in {seconds} s:\n{said}")
        return run(case, target, seconds * 2, core)
    number, unit = _find(r"99%\s+([\d.]+)(us|ms|s)", said)
    rate = float(_find(r"Requests/sec:\s+([\d.]+)", said)[0])
    return Result(spent / requests, spent / requests * user, rate, float(number) * _UNITS[unit])


def _find(pattern: str, said: str) -> tuple[str, ...]:
    match = re.search(pattern, said)
    if match is None:
        raise RuntimeError(f"wrk said something else:\n{said}")
    return match.groups()


def check(case: Case, target: Target) -> None:
    """That the row measures what it says: RuntimeError unless a newcomer's cookie ties it."""
    if not case.sticks:
        return
    cookie = _cookie(target.port, case)
    said = [ask(target.port, f"/{case.size}", f"Cookie: {cookie}") for _ in range(6)]
    nodes = {_find(r"(?i)x-node: (\S+)", answer)[0] for answer in said}
    if len(nodes) > 1:
        raise RuntimeError(f"{case}: {cookie} leads to {', '.join(sorted(nodes))}")


def _cookie(port: int, case: Case) -> str:
    """The cookie that a new client is given."""
    return _find(r"(?i)set-cookie: ([^;\r]+)", ask(port, case.path))[0]


def ask(port: int, path: str, *lines: str) -> str:
    command = ["curl", "-sD-", "-o/dev/null", f"http://127.0.0.1:{port}{path}"]
    command += [word for line in lines for word in ("-H", line)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
