"""Whose forgotten await it is, with several stories told in one process, and after a collection."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import types
import warnings
from types import CoroutineType
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.scenario.unawaited import watching

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SOURCE = """
async def step():
    pass

async def forgets(go):
    await go.wait()
    step()

async def forgets_in_a_circle(go):
    held = [step()]
    held.append(held)
    await go.wait()

async def drops_a_circle(go):
    held = [step()]
    held.append(held)
    del held
    await go.wait()

KEPT = []

async def keeps_for_ever(go):
    KEPT.append(step())
    await go.wait()

def makes():
    KEPT.append(step())

async def keeps_what_a_function_made(go):
    makes()
    await go.wait()

def drops():
    held = [step()]
    held.append(held)

async def calls_another(go):
    drop()
    await go.wait()

async def is_about_to_await(go):
    later = step()
    await go.wait()
    await later
"""


def module(name: str) -> types.ModuleType:
    made = types.ModuleType(name)
    exec(compile(SOURCE, f"/stories/{name}.py", "exec"), made.__dict__)
    return made


async def told(story: Callable[[asyncio.Event], Awaitable[None]], go: asyncio.Event) -> list[int]:
    with watching(story) as forgotten:
        await story(go)
    return [place.line for place in forgotten]


async def test_each_of_several_stories_is_told_its_own() -> None:
    one, other = module("one"), module("other")
    go = asyncio.Event()
    stories = (one.forgets, other.forgets_in_a_circle, one.is_about_to_await)
    tasks = [asyncio.create_task(told(story, go)) for story in stories]
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*tasks) == [[7], [10], []]


async def test_what_a_collection_finds_is_told_to_the_story_that_made_it() -> None:
    other = module("other")
    go = asyncio.Event()

    async def collects(_: asyncio.Event) -> None:
        gc.collect()

    task = asyncio.create_task(told(other.drops_a_circle, go))
    await asyncio.sleep(0)
    assert await told(collects, go) == []
    assert not [held for held in gc.get_objects() if inspect.iscoroutine(held) and at_rest(held)]
    go.set()
    assert await task == [15]


def at_rest(held: CoroutineType[object, object, object]) -> bool:
    return held.__qualname__ == "step" and inspect.getcoroutinestate(held) == inspect.CORO_CREATED


async def test_what_another_story_of_the_same_file_still_holds_may_be_awaited_yet() -> None:
    one = module("one")
    go, never = asyncio.Event(), asyncio.Event()
    go.set()
    waiting = asyncio.create_task(told(one.is_about_to_await, never))
    await asyncio.sleep(0)
    assert await told(one.forgets, go) == [7]
    never.set()
    assert await waiting == []


async def test_other_warnings_pass_and_everything_is_put_back() -> None:
    async def story(_: asyncio.Event) -> None:
        warnings.warn("something else", RuntimeWarning, stacklevel=1)

    depth, show = sys.get_coroutine_origin_tracking_depth(), warnings.showwarning
    with pytest.raises(RuntimeWarning, match="something else"):
        await told(story, asyncio.Event())
    assert sys.get_coroutine_origin_tracking_depth() == depth
    assert warnings.showwarning == show


@pytest.mark.parametrize(
    ("guilty", "line"), [("keeps_for_ever", 23), ("keeps_what_a_function_made", 27)]
)
async def test_what_a_story_keeps_is_its_own_whichever_of_its_file_ends_last(
    guilty: str, line: int
) -> None:
    one = module("one")
    go, later = asyncio.Event(), asyncio.Event()
    go.set()
    other = asyncio.create_task(told(one.is_about_to_await, later))
    await asyncio.sleep(0)
    assert await told(vars(one)[guilty], go) == [line]
    later.set()
    assert await other == []


async def test_what_a_function_of_another_file_makes_is_its_caller_s() -> None:
    one, other, aside = module("one"), module("other"), module("aside")
    vars(one)["drop"] = aside.drops
    go = asyncio.Event()

    async def collects(_: asyncio.Event) -> None:
        gc.collect()

    task = asyncio.create_task(told(one.calls_another, go))
    await asyncio.sleep(0)
    assert await told(collects, go) == []
    assert await told(other.is_about_to_await, set_already()) == []
    go.set()
    assert await task == [34]


def set_already() -> asyncio.Event:
    go = asyncio.Event()
    go.set()
    return go
