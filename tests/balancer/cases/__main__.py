"""`python -m tests.balancer.cases`: play every case, print the page; status 1 if one is broken."""

from __future__ import annotations

import asyncio
import sys
import traceback

import uvloop

from tests.balancer.cases.catalogue import CASES
from tests.balancer.cases.page import page
from tests.balancer.cases.run import BALANCERS, play


def main() -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcomes = runner.run(play((case, name) for case in CASES for name in BALANCERS))
    sys.stdout.write(page(outcomes))
    broken = [
        outcome.failure or AssertionError(f"{case.name}: {name} does it after all")
        for case in CASES
        for name in BALANCERS
        if not (outcome := outcomes[case.name, name]).lacks
        and (outcome.failure is not None) != (name in case.differs)
    ]
    for failure in broken:
        traceback.print_exception(failure)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
