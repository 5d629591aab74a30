"""`python -m benchmarks.workload`: CPU per request of our generator, and of Locust's FastHttpUser.

Both ask the same app for the same without thinking, each on one core; ours records its history.
They take turns. Ends with status 1 when ours is not at least five times ahead.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.balancer.paired import ratio
from benchmarks.balancer.processes import OTHERS, OURS, free_port, start
from benchmarks.workload import locust_side
from sessionlab.lab.clients.people import Person
from sessionlab.lab.recipes.demo import demo
from sessionlab.lab.workload.model import Mix, Workload
from sessionlab.lab.workload.running import generate
from sessionlab.lab.workload.target import Target

if TYPE_CHECKING:
    from sessionlab.lab.workload.load import Load

GOAL = 5.0
BROWSE = Mix(write=0, idle=0, logout=0, replay=0)


def ours(url: str, users: int, seconds: float, life: Mix) -> Load:
    """One run of our generator; RuntimeError where the app did not serve all of it."""
    people = [Person(f"u{number}", "pw") for number in range(1, users + 1)]
    workload = Workload(users, seconds, think=0.0, life=life, processes=1, arrive=0.0)
    with tempfile.TemporaryDirectory() as folder:
        load = asyncio.run(
            generate(workload, Target(url, demo(), people), Path(folder), time.monotonic(), b"key")
        )
    if load.failed or load.errors:
        raise RuntimeError(f"ours failed: {load.failed or load.errors}")
    return load


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each run")
    parser.add_argument("--users", type=int, default=32)
    chosen = parser.parse_args()
    version = locust_side.install()
    os.sched_setaffinity(0, {OURS})  # of what is started from here, too
    mine, theirs = [], []
    print("| round | generator | CPU µs a request | requests/s per core | requests/s | of a core |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        port = free_port()
        start(stack, [sys.executable, "-m", "benchmarks.workload.target", str(port)], port, OTHERS)
        url = f"http://127.0.0.1:{port}"
        for number in range(1, chosen.rounds + 1):
            load = ours(url, chosen.users, chosen.seconds, BROWSE)
            _tell(number, "ours", load.cost, load.rate_reached, load.cpu[0])
            figures = locust_side.run(url, chosen.users, chosen.seconds, Path(directory))
            _tell(number, f"Locust {version}", *figures)
            mine.append(load.cost)
            theirs.append(figures[0])
        whole = ours(url, chosen.users, chosen.seconds, Mix())
    print(f"\nours {median(mine):.1f} µs, Locust {median(theirs):.1f} µs of CPU a request")
    print(f"with logins, writes, logouts and replays ours takes {whole.cost:.1f} µs")
    found = ratio(theirs, mine)
    print(f"ratio {found.middle:.1f} ({found.low:.1f} to {found.high:.1f}); the goal is {GOAL:g}")
    return 0 if found.middle >= GOAL else 1


def _tell(number: int, name: str, cost: float, rate: float, share: float) -> None:
    print(f"| {number} | {name} | {cost:.1f} | {1e6 / cost:,.0f} | {rate:,.0f} | {share:.0%} |")


if __name__ == "__main__":
    sys.exit(main())
