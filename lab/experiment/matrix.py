"""Runs the cells of a matrix, several side by side where they do not disturb each other.

How that is known: the first cell runs alone, and how much of the machine was idle meanwhile says
how many more it has room for. A fifth of it stays free, and half where a bound is on latency. A
cell that had company and yet found less than half of that free is run again, alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import TYPE_CHECKING

from sessionlab.lab.balancers.programs import check
from sessionlab.lab.experiment.as_json import stored
from sessionlab.lab.experiment.folder import Kept
from sessionlab.lab.experiment.machine import cores
from sessionlab.lab.experiment.running import run
from sessionlab.lab.fabrics import FABRICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sessionlab.lab.events import Event
    from sessionlab.lab.experiment.reading import Plan, Read
    from sessionlab.lab.experiment.results import Result
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.workload.load import Live

FREE, FREE_FOR_LATENCY = 0.2, 0.5
LATENCY = ("_ms", "_us")
Ended = Callable[["Result"], None]
Heard = Callable[["Plan", "Live | Event"], None]


def room(idle: float | None, processors: int, *, latency: bool) -> int:
    """How many cells fit beside each other when one alone leaves that share of the machine idle."""
    if idle is None:
        return 1
    used = max(1 - idle, 0.01)
    return max(1, min(processors, int((1 - _free(latency=latency)) / used)))


def disturbed(result: Result, *, latency: bool) -> bool:
    """Whether others who ran meanwhile may have changed what came of it."""
    return bool(result.beside) and (result.idle or 0.0) < _free(latency=latency) / 2


def _free(*, latency: bool) -> float:
    return FREE_FOR_LATENCY if latency else FREE


class Series:
    """All plans of a file, each once; `results` has what is known, by the plan's name."""

    def __init__(self, read: Read, folder: Path, jobs: int | None = None) -> None:
        self._read = read
        self._folder = folder
        self._jobs = jobs or cores()
        self._latency = any(
            bound.endswith(LATENCY) for plan in read.plans for bound in plan.experiment.bounds
        )
        self._running: set[str] = set()
        self._company: dict[str, int] = {}
        self._full = False
        self.results: dict[str, Result] = {}
        self.interrupted = False

    async def run(
        self, ended: Ended = lambda _: None, heard: Heard = lambda _, __: None, *, resume: bool
    ) -> None:
        """Run what has not ended in this folder before; what is cancelled ends in order.

        Raises StartError when the fabric won't start, UsageError for what only shows then.
        """
        self._ended, self._heard = ended, heard
        left = [plan for plan in self._read.plans if not (resume and self._known(plan))]
        if not left:
            return
        cluster = left[0].experiment.cluster
        fabric = FABRICS.make(cluster.fabric)
        try:
            await fabric.open()
            for name in {plan.experiment.cluster.balancer for plan in left}:
                check(name, fabric)
            await self._all(left, fabric)
        except asyncio.CancelledError:
            self.interrupted = True
        finally:
            await fabric.close()

    async def _all(self, plans: Sequence[Plan], fabric: Fabric) -> None:
        first = await self._one(plans[0], fabric, asyncio.Semaphore(1))
        if len(plans) == 1 or first is None:
            return
        fit = 1 if fabric.one_at_a_time else room(first.idle, cores(), latency=self._latency)
        places = asyncio.Semaphore(min(self._jobs, fit))
        await _together([self._one(plan, fabric, places) for plan in plans[1:]])
        alone = asyncio.Semaphore(1)
        for plan in plans:
            found = self.results.get(plan.name)
            if found and disturbed(found, latency=self._latency):
                await self._one(plan, fabric, alone)

    async def _one(self, plan: Plan, fabric: Fabric, places: asyncio.Semaphore) -> Result | None:
        async with places:
            if self.interrupted or self._full:
                return None
            self._comes(plan.name)
            masked = plan.description.app is not None
            kept = Kept(self._folder_of(plan), self._read.toml.text, masked=masked)
            with closing(kept):
                result = await run(
                    plan,
                    fabric,
                    kept,
                    lambda one: self._heard(plan, one),
                    lambda: self._company[plan.name],
                )
            self._running.discard(plan.name)
            self.interrupted |= result.interrupted
            self._full |= bool(kept.full)
            self.results[plan.name] = result
            self._ended(result)
            return result

    def _comes(self, name: str) -> None:
        """From now on it is company for the others, and they for it."""
        self._running.add(name)
        self._company[name] = 0
        for one in self._running:
            self._company[one] = max(self._company[one], len(self._running) - 1)

    def _known(self, plan: Plan) -> bool:
        """Whether it has ended in this folder before, and is the same still."""
        found = stored(self._folder_of(plan), plan)
        if found:
            self.results[plan.name] = found
            self._ended(found)
        return found is not None

    def _folder_of(self, plan: Plan) -> Path:
        return self._folder / plan.name if self._read.is_matrix else self._folder


async def _together(steps: Sequence[Coroutine[object, object, object]]) -> None:
    """All at once; cancelled, each ends in order, and so they do when one fails."""
    tasks = [asyncio.create_task(step) for step in steps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
