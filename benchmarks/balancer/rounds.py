"""Measuring the contenders in turns, against the same backends."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.balancer.contenders import Contender, Setup
from benchmarks.balancer.load import Result, Target, check, run
from benchmarks.balancer.processes import OTHERS, OURS, free_port, start

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.balancer.cases import Case

_WARM_UP_S = 1


@dataclass(frozen=True)
class Length:
    """How often each contender has its turn, and for how many seconds."""

    rounds: int
    seconds: int


def measure(
    case: Case, contenders: Sequence[Contender], length: Length, directory: Path
) -> dict[str, list[Result]]:
    """Results of each contender, round by round. Who begins a round changes with the round."""
    results: dict[str, list[Result]] = {c.name: [] for c in contenders}
    with ExitStack() as stack:
        targets = started(stack, case, contenders, directory)
        time.sleep(0.5)  # first health checks
        for target in targets.values():
            check(case, target)
            run(case, target, _WARM_UP_S, OTHERS)
        for number in range(length.rounds):
            first = number % len(contenders)
            for c in [*contenders[first:], *contenders[:first]]:
                results[c.name].append(run(case, targets[c.name], length.seconds, OTHERS))
    return results


def started(
    stack: ExitStack, case: Case, contenders: Sequence[Contender], directory: Path
) -> dict[str, Target]:
    backends = [free_port() for _ in range(3)]
    for number, port in enumerate(backends):
        command = [sys.executable, "-m", "benchmarks.balancer.backend", str(port), f"n{number}"]
        start(stack, command, port, OTHERS)
    targets = {}
    for contender in contenders:
        setup = Setup(free_port(), backends, case.cookie, directory, case.learn)
        pid = start(stack, contender.command(setup), setup.port, OURS, contender.directory)
        targets[contender.name] = Target(setup.port, pid, directory)
    return targets
