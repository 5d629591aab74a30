"""Calls to an engine: what becomes of those that nobody waits for any more."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from sessionlab.lab.fabrics.docker.engine import Engine


async def test_a_call_that_fails_after_its_caller_was_cancelled_is_nobody_s_trouble() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    begun, go = threading.Event(), threading.Event()
    engine = Engine(cast("Any", None), ThreadPoolExecutor(1))

    def call() -> None:
        begun.set()
        go.wait()
        raise OSError("it has gone away")

    waiting = asyncio.ensure_future(engine.do(call))
    await asyncio.to_thread(begun.wait)
    waiting.cancel()
    await asyncio.wait([waiting])
    del waiting
    go.set()
    await engine.settled()
    gc.collect()
    assert told == []
