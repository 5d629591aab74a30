"""Which claims were observed behind which balancer: `python -m benchmarks.balancers`.

Runs every scenario behind each balancer and prints `docs/balancers.md`. With `--check` it compares
that file with what it has observed instead, and ends with status 1 when they differ. `--fabric
docker` runs them in containers; what is observed must be the same.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from sessionlab.lab.events import Events
from sessionlab.lab.reports.table import to_table
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.lab import SETTINGS, Settings
from sessionlab.lab.scenario.runner import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.verdicts.results import RunResult

STORIES = 2  # of each balancer at a time
PAGE = Path(__file__).parent.parent / "docs" / "balancers.md"
TEXT = """# What was observed behind which balancer

This page is printed by a run, `python -m benchmarks.balancers > docs/balancers.md`, and CI compares
it with runs of its own, on this machine's processes (`local`) and in containers (`docker`). A cell
says how many of the scenario's claims were observed; where a balancer cannot show all settings of
a story, the others are told.

{table}
`stateless-http` and `monolith` have one server and no balancer in front of it.

## How each of them is used

| | `builtin` | `haproxy` | `nginx` |
|---|---|---|---|
| configured by | its command line | a file the lab writes | a file the lab writes |
| `--affinity cookie` | a sealed cookie | `cookie … insert indirect nocache` | – |
| `--affinity learn:sid` | a table | a stick table: `stick store-response res.cook(sid)` | – |
| `--affinity source` | a table | a stick table: `stick on src` | `hash $remote_addr consistent` |
| `hash:…` | modulo | `hash-type map-based` | `hash …` |
| `consistent-hash:…` | the highest score | `hash-type consistent` | `hash … consistent` |
| health checks | active, on `/readyz` | active, on `/readyz` | passive: a failed request |
| its view of the nodes | the admin API | the statistics page | its error log |
| a node is added | through the admin API | a reload; with tables of pins at runtime | a reload |
| a node is taken away | through the admin API | the same | a reload |
| a node is drained | through the admin API | `set server … state drain` | – |
| who is still tied to it | the admin API | unknown: its drain lasts the whole limit | – |
| a request to a dead node | is sent to another | the same: `option redispatch 1` | the same |

The open-source nginx has had a directive `sticky` since 1.29.6 only, which distributions do not
have yet, so the lab does not write it. It keeps no record of its nodes' health either: it takes one
out for `fail_timeout` after a request has failed there, and logs that. So behind nginx a node
counts as up until a request has found it down.
"""


BEHIND = ("builtin", "haproxy", "nginx")


async def observe(fabric: str = "local", nodes: int = SETTINGS.nodes) -> list[RunResult]:
    """A run of every scenario behind each balancer, all of them side by side.

    Each begins with another story: what one of them waits for, another uses, and the longest, which
    takes every processor there is, is not told three times at once.
    """
    stories = list(installed().values())
    share = len(stories) // len(BEHIND)

    async def behind(number: int, balancer: str) -> RunResult:
        first = number * share
        turned = [*stories[first:], *stories[:first]]
        told = await run(turned, Settings(fabric, balancer, nodes), Events(), side_by_side=STORIES)
        back = len(stories) - first
        return replace(told, scenarios=[*told.scenarios[back:], *told.scenarios[:back]])

    return await asyncio.gather(*(behind(*named) for named in enumerate(BEHIND)))


def page(runs: Sequence[RunResult]) -> str:
    return TEXT.format(table=to_table(runs))


def trouble(runs: Sequence[RunResult]) -> str:
    """Why what did not hold did not, a line each: what a table has no room for."""
    lines = [
        f"{result.name} behind {run.balancer}, {result.outcome}: {why}"
        for run in runs
        for result in run.scenarios
        if result.exit_status
        for why in (result.reason, *(claim for claim in result.claims if not claim.holds))
        if why
    ]
    return "\n".join(lines)


def main() -> int:
    fabric = "docker" if "docker" in sys.argv else "local"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runs = runner.run(observe(fabric))
    observed = page(runs)
    if said := trouble(runs):
        print(said, file=sys.stderr)
    if "--check" not in sys.argv:
        print(observed, end="")
        return 0
    if observed != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.name} is not what this run has observed:\n\n{observed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
