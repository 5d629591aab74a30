"""`python -m benchmarks.balancer [--quick] [--rows TEXT] [--against REV_OR_DIR]`.

Prints CPU µs per request, row by row, and the ratio to HAProxy; with --against, the ratio to
another version of our own balancer. What is measured runs on one core, the backends and wrk on
another.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.balancer import contenders
from benchmarks.balancer.cases import FULL, QUICK
from benchmarks.balancer.paired import ratio
from benchmarks.balancer.rounds import Length, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.balancer.contenders import Contender
    from benchmarks.balancer.load import Result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="six rows instead of all")
    parser.add_argument("--rows", default="", help="only the rows in whose name this text is")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=1, help="of each run")
    parser.add_argument("--against", help="a revision or a directory: that version of ours")
    chosen = parser.parse_args()
    length = Length(chosen.rounds, chosen.seconds)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        field, base = contenders.found(), "haproxy"
        if chosen.against:
            before = tree(chosen.against, directory)
            field, base = [contenders.ours("ours"), contenders.ours("before", before)], "before"
        titles = (
            f"CPU µs per request, those in user space | ratio to {base} (95 %) | req/s | p99 ms"
        )
        print(titles, flush=True)
        for case in QUICK if chosen.quick else FULL:
            if chosen.rows in str(case):
                able = [c for c in field if c.has_cookies or not case.sticks]
                results = measure(case, able, length, directory)
                for contender in able:
                    print(case, cell(contender, results, base), sep="  ", flush=True)


def tree(against: str, directory: Path) -> Path:
    """A directory as it is; a revision, unpacked."""
    if Path(against).is_dir():
        return Path(against).resolve()
    unpacked = directory / "before"
    unpacked.mkdir()
    archive = subprocess.run(["git", "archive", against], check=False, capture_output=True)
    if archive.returncode:
        sys.exit(f"--against {against}: neither a directory nor a revision that git knows")
    subprocess.run(["tar", "-x", "-C", unpacked], input=archive.stdout, check=True)
    return unpacked


def cell(contender: Contender, results: dict[str, list[Result]], base: str) -> str:
    """One contender's part of a row."""
    mine = results[contender.name]
    compared = ""
    if base in results and contender.name != base:
        compared = str(ratio(cpus(mine), cpus(results[base])))
    return (
        f"{contender.name:8}{median(cpus(mine)):8.1f} {median(m.user for m in mine):7.1f}"
        f" | {compared:17} | {median(m.rate for m in mine):6.0f}"
        f" | {median(m.p99 for m in mine):7.2f}"
    )


def cpus(results: Sequence[Result]) -> list[float]:
    return [result.cpu for result in results]


if __name__ == "__main__":
    main()
