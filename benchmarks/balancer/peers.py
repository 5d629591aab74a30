"""`python -m benchmarks.balancer.peers`: CPU per request beside other reverse proxies in Python.

They are installed into virtual environments of their own, in `.venv-peers`, which have nothing to
do with ours. Ends with status 1 when ours is not at least five times ahead of each.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.balancer import contenders
from benchmarks.balancer.cases import Case
from benchmarks.balancer.contenders import Contender, Setup
from benchmarks.balancer.paired import ratio
from benchmarks.balancer.python_peers import PEERS, Peer
from benchmarks.balancer.rounds import Length, measure

if TYPE_CHECKING:
    from benchmarks.balancer.load import Result

ROOM = Path(__file__).parents[2] / ".venv-peers"
ROWS = [
    Case(32, 100, keep_alive=True, cookie=False),
    Case(32, 100, keep_alive=True, cookie=False, varied=True),
]
GOAL = 5.0


def contender(peer: Peer) -> Contender:
    def command(setup: Setup) -> list[str]:
        if peer.command is not None:
            program, *arguments = peer.command(setup.port, setup.backends)
            return [str(ROOM / peer.room / "bin" / program), *arguments]
        path = setup.directory / f"peer_{re.sub(r'[^a-z]', '_', peer.name)}.py"  # shadows nothing
        path.write_text(peer.program)
        python = str(ROOM / peer.room / "bin" / "python")
        return [python, str(path), *map(str, [setup.port, *setup.backends])]

    return Contender(peer.name, command, has_cookies=False)


def install(peers: list[Peer]) -> dict[str, dict[str, str]]:
    """Make the environments that are not there; the version of each package in each."""
    return {room: _install(ROOM / room, peers) for room in sorted({p.room for p in peers})}


def _install(room: Path, peers: list[Peer]) -> dict[str, str]:
    wanted = {package for peer in peers if peer.room == room.name for package in peer.packages}
    pip = [str(room / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    if not room.exists():
        venv.create(room, with_pip=True)
    subprocess.run([*pip, "install", "--quiet", *sorted(wanted)], check=True)
    listed = subprocess.run(
        [*pip, "list", "--format", "freeze"], check=True, capture_output=True, text=True
    ).stdout
    versions = dict(line.split("==") for line in listed.splitlines() if "==" in line)
    return {name.lower(): version for name, version in versions.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", help="only these")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1, help="of each run")
    chosen = parser.parse_args()
    peers = [peer for peer in PEERS if not chosen.peers or peer.name in chosen.peers]
    versions = install(peers)
    least = float("inf")
    print("| proxy | versions | row | CPU µs per request | times ours (95 %) | requests/s |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        for case in ROWS:
            field = [contenders.ours("ours"), *map(contender, peers)]
            results = measure(case, field, Length(chosen.rounds, chosen.seconds), Path(directory))
            ours = results["ours"]
            print(_line("ours", f"Python {sys.version.split()[0]}", case, ours, "1"))
            for peer in peers:
                mine = results[peer.name]
                times = ratio([r.cpu for r in mine], [r.cpu for r in ours])
                said = ", ".join(f"{p} {versions[peer.room][p]}" for p in peer.packages)
                print(_line(peer.name, said, case, mine, str(times)), flush=True)
                least = min(least, median(r.cpu for r in mine) / median(r.cpu for r in ours))
    print(f"\nAt least {least:.1f} times ahead.")
    return 0 if least >= GOAL else 1


def _line(name: str, versions: str, case: Case, results: list[Result], times: str) -> str:
    cpu, rate = median(r.cpu for r in results), median(r.rate for r in results)
    return f"| {name} | {versions} | {str(case).strip()} | {cpu:.1f} | {times} | {rate:.0f} |"


if __name__ == "__main__":
    sys.exit(main())
