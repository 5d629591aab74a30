"""How long it takes to judge a long history: `python -m benchmarks.judge`.

Makes a history of ten million operations of five thousand users, as two generator processes would
have written it, and runs `sessionlab judge` on it with all checks. Prints seconds, and the most
memory that all its processes had at one time (resident, what they share counted for each). Exit
status 1 above 60 s or 1 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from sessionlab.lab.record.packed.schema import ENTERS, OUTCOMES, ROW, TIE_KNOWN, TIED, WHO
from sessionlab.lab.record.packed.writer import Writer

USERS, NODES, PARTS = 5000, 20, 2
MOST_SECONDS, MOST_BYTES = 60.0, 1_000_000_000
ASKED = {
    "login": "POST /login",
    "me": "GET /me",
    "write": "POST /cart",
    "read": "GET /cart",
    "logout": "POST /logout",
}
KILLED, FROZEN = 1, 2  # nodes, from the middle on, and from a quarter on for a second
SPAN = 600_000_000  # microseconds that the run takes
ITEMS = (ROW.names or ()).index("items")
OK, FAILED = OUTCOMES.index("ok"), OUTCOMES.index("failed")
USER, NOBODY, ERROR = WHO.index("user"), WHO.index("nobody"), WHO.index("error")


@dataclass
class Crowd:
    """Users of one generator process, who all take a step at a time."""

    writer: Writer
    part: int
    count: int
    steps: int
    chance: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.chance = np.random.default_rng(self.part)
        word, count = self.writer.word, self.count
        self.user = np.array([word("user", f"u{self.part}.{n}") for n in range(count)])
        self.node = np.array([word("node", f"n{n}") for n in range(NODES)])
        self.request = {name: word("request", text) for name, text in ASKED.items()}
        self.talk = {name: word("conversation", name) for name in ASKED}
        self.pins = word("pin", "NI"), word("pin", "VN"), word("pin", "DI;backend-down")
        self.cluster = word("cluster", "long-1")
        self.now = self.chance.integers(0, SPAN // self.steps, count)
        self.home = self.chance.integers(0, NODES, count)
        self.is_in, self.born = np.zeros(count, bool), np.zeros(count, np.int64)
        self.credential = np.zeros(count, np.uint64)
        self.first, self.last = np.ones(count, np.int64), np.zeros(count, np.int64)

    def live(self) -> None:
        for _ in range(self.steps):
            self.step()

    def step(self) -> None:
        """One request of each; who has just left comes back with what it had, in another tab."""
        chance, count = self.chance, self.count
        rows = np.zeros(count, ROW)
        draw, took = chance.random(count), chance.integers(300, 3000, count)
        does = np.where(
            self.is_in, np.searchsorted([0.5, 0.63, 0.97], draw), np.where(draw < 0.5, 4, 5)
        )
        # 0 me, 1 write, 2 read, 3 logout, 4 login, 5 back with an old credential
        does[(does == 5) & (self.credential == 0)] = 4
        rows["invoked"], rows["took"], rows["user"] = self.now, took, self.user
        rows["cluster"], rows["items"], rows["status"] = self.cluster, -1, 200
        rows["size"], rows["credential"], rows["token_left"] = 70, self.credential, np.nan
        rows["who"], rows["found"], rows["node"] = USER, self.user, self.node[self.home]
        rows["pin"], rows["flags"] = self.pins[1], TIE_KNOWN | TIED
        self.log_in(rows, does == 4)
        for number, name in enumerate(("me", "write", "read", "logout", "login", "me")):
            rows["request"][does == number] = self.request[name]
            rows["conversation"][does == number] = self.talk[name]
        self.meet_faults(rows, does)
        self.keep_carts(rows, does)
        gone = (does == 3) & (rows["who"] == USER)
        rows["who"][gone], rows["found"][gone], rows["status"][gone] = 0, 0, 204
        self.is_in &= ~gone
        again = does == 5
        rows["tab"][again] = 1000
        refused(rows, again)
        self.now += took + chance.exponential(SPAN / self.steps * 0.9, count).astype(np.int64)
        self.write(rows)

    def log_in(self, rows: np.ndarray, who: np.ndarray) -> None:
        rows["size"][who], rows["credential"][who] = 0, 0
        rows["flags"][who], rows["pin"][who] = ENTERS | TIE_KNOWN, self.pins[0]
        dead = self.now > SPAN // 2
        home = self.chance.integers(0, NODES, self.count)
        home[dead & (home == KILLED)] = 0
        self.home[who] = home[who]
        rows["node"][who] = self.node[self.home[who]]
        self.credential[who] = self.chance.integers(1, 2**63, who.sum())
        self.is_in |= who
        self.born[who], self.first[who] = self.now[who], self.last[who] + 1

    def meet_faults(self, rows: np.ndarray, does: np.ndarray) -> None:
        dead = (does < 4) & (self.home == KILLED) & (self.now > SPAN // 2)
        rows["node"][dead], rows["pin"][dead] = self.node[0], self.pins[2]
        refused(rows, dead)
        self.is_in &= ~dead
        slow = (does < 4) & (self.home == FROZEN) & (abs(self.now - SPAN // 4) < 500_000)
        rows["status"][slow], rows["who"][slow], rows["outcome"][slow] = 504, ERROR, FAILED
        rows["node"][slow], rows["found"][slow] = 0, 0

    def keep_carts(self, rows: np.ndarray, does: np.ndarray) -> None:
        served = rows["who"] == USER
        writes, reads = (does == 1) & served, (does == 2) & served
        self.last += writes
        rows["item"][writes] = self.last[writes]
        rows["items"][reads] = (self.last - self.first + 1)[reads]
        rows["who"][writes | reads], rows["found"][writes | reads] = 0, 0

    def write(self, rows: np.ndarray) -> None:
        add, saw = self.writer.add, self.writer.saw
        carts = zip(self.user.tolist(), self.first.tolist(), self.last.tolist(), strict=True)
        for row, (user, first, last) in zip(rows.tolist(), carts, strict=True):
            if row[ITEMS] > 0:
                seen = saw([(user, item) for item in range(first, last + 1)])
                add(*row[:ITEMS], *seen, *row[ITEMS + 2 :])
            else:
                add(*row)


def refused(rows: np.ndarray, which: np.ndarray) -> None:
    rows["status"][which], rows["who"][which], rows["outcome"][which] = 401, NOBODY, FAILED
    rows["found"][which] = 0


def make(folder: str, part: int, steps: int) -> float:
    """A part of it; how many seconds of CPU that took."""
    writer = Writer(Path(folder), part)
    Crowd(writer, part, USERS // PARTS, steps).live()
    writer.close()
    return time.process_time()


def tell(folder: Path) -> None:
    """What the lab itself would have kept of such a run."""
    label = {"cluster": "long-1"}
    nodes = [f"n{n}" for n in range(NODES)]
    told: dict[str, object] = {
        **label,
        "strategies": {"app": "memory"},
        "affinity": "cookie",
        "options": {},
    }
    half, quarter = SPAN / 2e6, SPAN / 4e6
    events: list[tuple[float, str, dict[str, object]]] = [
        (0.0, "cluster.starting", told),
        (0.0, "cluster.ready", {**label, "nodes": nodes}),
        (quarter - 0.5, "part.paused", {**label, "part": nodes[FROZEN]}),
        (quarter + 0.5, "part.resumed", {**label, "part": nodes[FROZEN]}),
        (half, "node.killed", {**label, "node": nodes[KILLED]}),
    ]
    lines = [
        json.dumps({"at": at, "kind": kind, "scenario": "long", "data": data})
        for at, kind, data in events
    ]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    run = {"experiment": "long", "began": 0.0, "ended": SPAN / 1e6, "told": told, "scenarios": []}
    (folder / "run.json").write_text(json.dumps(run))


class Watched:
    """All processes below one: the most bytes that they had at a time, and what each has used."""

    def __init__(self) -> None:
        self.most = 0
        self._ticks: dict[int, int] = {}

    @property
    def cpu(self) -> float:
        return sum(self._ticks.values()) / os.sysconf("SC_CLK_TCK")

    def look(self, process: int) -> None:
        self.most = max(self.most, self._resident(process))

    def _resident(self, process: int) -> int:
        of = Path(f"/proc/{process}")
        try:
            pages = int((of / "statm").read_text().split()[1])
            user, system = (of / "stat").read_text().rpartition(")")[2].split()[11:13]
            tasks = (of / "task").glob("*/children")
            below = [int(child) for task in tasks for child in task.read_text().split()]
        except (OSError, IndexError):
            return 0  # it has ended meanwhile
        self._ticks[process] = int(user) + int(system)
        return pages * resource.getpagesize() + sum(map(self._resident, below))


def judge(folder: Path) -> tuple[float, Watched]:
    """How many seconds that took."""
    began, watched = time.perf_counter(), Watched()
    command = [sys.executable, "-m", "sessionlab", "judge", str(folder)]
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            watched.look(process.pid)
            time.sleep(0.02)
    if process.returncode != 1:
        sys.exit(f"judge ended with status {process.returncode}, and somebody was lost")
    return time.perf_counter() - began, watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=10_000_000, metavar="N")
    operations = max(parser.parse_args().operations, USERS)
    with tempfile.TemporaryDirectory(prefix="sessionlab-history-") as name:
        folder = Path(name)
        with get_context("spawn").Pool(PARTS) as pool:
            took = pool.starmap(make, [(name, part, operations // USERS) for part in range(PARTS)])
        tell(folder)
        size = sum(path.stat().st_size for path in folder.rglob("*.*") if path.is_file())
        made = operations // USERS * USERS
        print(f"{made:,} operations made up and written: {size / made:.0f} bytes and ", end="")
        print(f"{sum(took) / made * 1e6:.1f} µs of CPU each", flush=True)
        seconds, seen = judge(folder)
    print(f"{made:,} operations judged in {seconds:.1f} s ({seen.cpu:.1f} s of CPU), ", end="")
    print(f"{seen.most / 1e6:,.0f} MB at most")
    sys.exit(seconds > MOST_SECONDS or seen.most > MOST_BYTES)


if __name__ == "__main__":
    main()
