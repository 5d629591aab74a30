"""What can be done to a part of a local cluster, and what is refused there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import Skip, StepError, UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def seen() -> list[Event]:
    return []


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(seen: list[Event]) -> AsyncIterator[Cluster]:
    fabric = LocalFabric()
    await fabric.open()
    description = Description((Service("app", 1, "redis"),))
    events = Events(seen.append)
    async with Cluster(
        description, fabric.sandbox("it"), history=History(), events=events
    ) as cluster:
        yield cluster
    await fabric.close()


@pytest.mark.parametrize("part", ["n1", "balancer", "redis"])
async def test_a_part_that_is_paused_answers_once_it_is_resumed(
    running: Cluster, part: str
) -> None:
    alice = running.client("alice")
    await alice.login()
    await running.faults.pause(part)
    asked = asyncio.create_task(alice.me())
    done, _ = await asyncio.wait([asked], timeout=0.3)
    await running.faults.resume(part)
    assert not done
    assert (await asked).recognised


async def test_what_happens_is_told(running: Cluster, seen: list[Event]) -> None:
    seen.clear()
    await running.faults.pause("n1")
    await running.faults.resume("n1")
    assert [(event.kind, event.data["part"]) for event in seen] == [
        ("part.paused", "n1"),
        ("part.resumed", "n1"),
    ]


async def test_a_part_that_is_not_there_is_named_with_those_that_are(running: Cluster) -> None:
    with pytest.raises(StepError, match="no part named 'n7'") as raised:
        await running.faults.pause("n7")
    assert raised.value.hint == "there are: n1, balancer, redis"


async def test_what_takes_containers_is_skipped_with_the_reason(running: Cluster) -> None:
    with pytest.raises(Skip, match="this fabric can't partition two parts") as raised:
        await running.faults.partition("n1", "redis")
    assert raised.value.hint == "--fabric docker can"
    with pytest.raises(Skip, match="this fabric can't change a network"):
        await running.faults.link("n1", delay=0.1)
    with pytest.raises(Skip, match="this fabric can't limit a part"):
        await running.faults.limit("n1", cpus=0.5)


async def test_a_link_that_cannot_be_is_refused(running: Cluster) -> None:
    with pytest.raises(UsageError, match="no link is like this"):
        await running.faults.link("n1", loss=1.0)
    with pytest.raises(UsageError, match="no link is like this"):
        await running.faults.link("n1", delay=-1)
