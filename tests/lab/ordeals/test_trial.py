"""In which order users act, and that one who hangs holds up nobody."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from sessionlab.lab.ordeals.trial import Trial

NODES = {f"n{number}": None for number in range(1, 4)}
CLUSTER: Any = SimpleNamespace(
    nodes=NODES, description=SimpleNamespace(services=(SimpleNamespace(nodes=3),))
)


def users() -> Any:
    return [f"user{number}" for number in range(7)]


async def orders(seed: str) -> list[list[Any]]:
    trial = Trial(CLUSTER, users(), seed)
    found: list[list[Any]] = []

    async def acts(user: Any) -> Any:
        found[-1].append(user)

    for _ in range(4):
        found.append([])
        await trial.each(acts)
    return found


async def test_users_act_in_an_order_that_is_drawn_anew_for_each_step() -> None:
    first = await orders("1")
    assert len({tuple(order) for order in first}) > 1, "never in lockstep"
    assert all(sorted(order) == users() for order in first)
    assert await orders("1") == first, "the seed repeats it"
    assert await orders("2") != first


async def test_who_hangs_holds_up_nobody() -> None:
    trial = Trial(CLUSTER, users(), "1")
    acted: list[Any] = []
    all_others = asyncio.Event()

    async def acts(user: Any) -> Any:
        acted.append(user)
        if len(acted) == len(users()):
            all_others.set()
        if len(acted) == 1:
            await all_others.wait()

    await trial.each(acts)
    assert sorted(acted) == users()


async def test_the_copy_that_something_is_done_to_is_drawn() -> None:
    assert {Trial(CLUSTER, users(), str(seed)).node for seed in range(20)} == NODES.keys()
