"""What a story's lab keeps for whoever reads about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from sessionlab.lab.cluster.cluster import PART, Cluster
from sessionlab.lab.events import Event, Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.verdicts.settings import settings
from tests.lab.lives import Life

if TYPE_CHECKING:
    from collections.abc import Iterable


async def test_a_cluster_of_a_part_told_side_by_side_is_called_by_its_name() -> None:
    lab = Lab(Settings(), LocalFabric(), Events())

    async def part() -> str:
        return PART.get()

    told = await lab.side_by_side({"one": part(), "another": part()})
    assert told == {"one": "one", "another": "another"}
    assert PART.get() == "", "and no cluster after it"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_cluster_is_called_what_its_story_calls_it(fabric: LocalFabric) -> None:
    seen: list[Event] = []
    lab = Lab(Settings(nodes=1), fabric, Events(seen.append), "s")
    for called in ("keys rotated", "logged out"):
        async with lab.cluster("memory", called=called):
            pass
    assert settings("s", seen) == {"s-1": "keys rotated", "s-2": "logged out"}


class Here:
    label = "c"


def test_a_story_can_say_why_its_users_were_lost() -> None:
    alice = Life("alice")
    alice.log_in()
    alice.node = "n2"
    alice.ask("GET", "/me", 401)
    lab = Lab(Settings(), LocalFabric(), Events())
    for operation in alice.operations:
        lab.history.append(operation)
    lab.told = list(happened(("node.killed", 1.0), ("node.stopped", 9.0)))
    assert lab.users_of(cast("Cluster", Here())).why == "n1 was killed"


def happened(*events: tuple[str, float]) -> Iterable[Event]:
    strategies = {"app": "memory"}
    yield Event(0.0, "cluster.starting", "s", {"cluster": "c", "strategies": strategies})
    for kind, at in events:
        yield Event(at, kind, "s", {"cluster": "c", "node": "n1"})
