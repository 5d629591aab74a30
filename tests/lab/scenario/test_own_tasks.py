"""A task that a story began and did not await: a step that nobody saw the end of."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.scenario.lab import Settings
from sessionlab.lab.scenario.runner import run_one
from sessionlab.lab.scenario.scenario import Scenario
from sessionlab.lab.scenario.unawaited import block_ends, watching
from sessionlab.lab.verdicts.results import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.scenario.lab import Lab

Story = Callable[[], Awaitable[None]]


@asynccontextmanager
async def block() -> AsyncIterator[None]:
    """As a cluster's: leaving it gives others the time to end."""
    yield
    block_ends()
    for _ in range(5):
        await asyncio.sleep(0)


async def wait() -> None:
    await asyncio.Event().wait()


async def soon() -> None:
    await asyncio.sleep(0)


async def fails() -> None:
    raise ValueError("no node named 'n9'")


async def told(story: Story) -> list[str]:
    """What it forgot: the line of the source, and what was wrong with it."""
    with watching(story) as forgotten:
        await story()
        forgotten.look_at_tasks()
        await forgotten.end_tasks()
    lines = inspect.getsource(inspect.getmodule(story) or story).splitlines()
    return [f"{lines[place.line - 1].strip()}: {place.what}" for place in forgotten]


async def running() -> None:
    asyncio.create_task(wait())  # noqa: RUF006


async def running_with_a_callback() -> None:
    asyncio.create_task(wait()).add_done_callback(lambda _: None)


async def done_only_while_its_cluster_ended() -> None:
    async with block():
        asyncio.create_task(soon())  # noqa: RUF006


async def failed() -> None:
    asyncio.create_task(fails())  # noqa: RUF006
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def gathered_but_not_awaited() -> None:
    asyncio.gather(wait())


@pytest.mark.parametrize(
    ("story", "what"),
    [
        (running, "was not awaited, and still ran at the end"),
        (running_with_a_callback, "was not awaited, and still ran at the end"),
        (done_only_while_its_cluster_ended, "was not awaited, and still ran at the end"),
        (failed, "was not awaited, and failed: no node named 'n9'"),
        (gathered_but_not_awaited, "was not awaited, and still ran at the end"),
    ],
)
async def test_what_a_story_leaves_behind_is_told_with_its_line(story: Story, what: str) -> None:
    (said,) = await told(story)
    assert "asyncio." in said
    assert said.endswith(f": {what}")


async def awaited() -> None:
    await asyncio.create_task(soon())


async def awaited_behind_another_cluster() -> None:
    async with block():
        task = asyncio.create_task(wait_a_little())
    await task


async def wait_a_little() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def gathered() -> None:
    await asyncio.gather(soon(), soon())


async def in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(soon())


async def looked_at() -> None:
    task = asyncio.create_task(fails())
    await asyncio.wait([task])


async def done_already() -> None:
    task = asyncio.create_task(soon())
    while not task.done():
        await asyncio.sleep(0)


async def cancelled() -> None:
    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)


FINE = [
    awaited,
    awaited_behind_another_cluster,
    gathered,
    in_a_group,
    looked_at,
    done_already,
    cancelled,
]


@pytest.mark.parametrize("story", FINE)
async def test_what_was_awaited_or_done_is_fine(story: Story) -> None:
    assert await told(story) == []


async def test_what_is_left_behind_is_ended() -> None:
    before = asyncio.all_tasks()
    await told(running)
    assert asyncio.all_tasks() == before


async def test_each_of_several_stories_is_told_its_own_and_the_loop_is_put_back() -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    one, other = await asyncio.gather(told(running), told(awaited))
    assert (len(one), other) == (1, [])
    assert loop.get_task_factory() is before


async def stops_a_node_in_a_task(lab: Lab) -> None:
    async with lab.cluster("memory") as cluster:
        asyncio.create_task(cluster.stop("n1"))  # noqa: RUF006
        lab.claim("one is one", expected=1, observed=1)


async def test_a_step_that_is_done_only_while_its_cluster_is_cleared_away_is_an_error() -> None:
    story = Scenario("stops", "A step in a task", stops_a_node_in_a_task)
    fabric = LocalFabric()
    await fabric.open()
    try:
        result = await run_one(story, Settings(nodes=2), fabric, Events())
    finally:
        await fabric.close()
    assert (result.outcome, result.exit_status) == (Outcome.ERROR, 3)
    assert '`asyncio.create_task(cluster.stop("n1"))' in str(result.reason)
    assert "was not awaited, and still ran at the end" in str(result.reason)
    assert "write `await` in front of it" in str(result.reason)
