"""Playing cases: each against each balancer, side by side, with a verdict for each pair."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.local.fabric import LocalFabric
from tests.balancer.cases.haproxy import HAProxy
from tests.balancer.cases.interface import Unsupported
from tests.balancer.cases.nginx import Nginx
from tests.balancer.cases.ours import Ours
from tests.balancer.cases.rig import Make, Rig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.balancer.cases.case import Case

BALANCERS: Mapping[str, Make] = {"ours": Ours, "haproxy": HAProxy, "nginx": Nginx}
_AT_ONCE = 10
_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: `failure` when an expectation was not met, `lacks` without the feature."""

    failure: BaseException | None = None
    lacks: str = ""


async def play(pairs: Iterable[tuple[Case, str]]) -> dict[tuple[str, str], Outcome]:
    """The outcome of each pair of a case and a balancer's name, by both names."""
    fabric = LocalFabric()
    await fabric.open()
    turns = asyncio.Semaphore(_AT_ONCE)
    outcomes: dict[tuple[str, str], Outcome] = {}

    async def one(case: Case, balancer: str) -> None:
        async with turns:
            rig = Rig(BALANCERS[balancer], fabric.sandbox(f"{case.name}-{balancer}"))
            outcomes[case.name, balancer] = await _outcome(case, rig)

    try:
        async with asyncio.TaskGroup() as group:
            for case, balancer in pairs:
                group.create_task(one(case, balancer))
    finally:
        await fabric.close()
    return outcomes


async def _outcome(case: Case, rig: Rig) -> Outcome:
    try:
        async with asyncio.timeout(_LONGEST_S):
            await case.play(rig)
    except Unsupported as lack:
        return Outcome(lacks=str(lack))
    except Exception as failure:
        return Outcome(failure=failure)
    finally:
        await rig.close()
    return Outcome()
