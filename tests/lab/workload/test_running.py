"""Workloads in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.lab.record.histograms import added
from sessionlab.lab.record.packed.reader import Stored
from sessionlab.lab.workload import running
from sessionlab.lab.workload.model import Stage, Workload
from sessionlab.lab.workload.running import generate, processes
from tests.lab.clients.speaking import serving
from tests.lab.workload.test_process import BROWSE, App, stored, target

if TYPE_CHECKING:
    from sessionlab.lab.workload.load import Live, Load


def children() -> set[int]:
    said = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(pid) for pid in said.split()}


async def generated(folder: Path, workload: Workload, **more: Any) -> Load:
    async with serving(**App().handlers) as url:
        at = target(url, min(workload.users, 10))
        return await generate(workload, at, folder, time.monotonic(), b"key", **more)


async def test_processes_tell_of_each_second_and_of_all(tmp_path: Path) -> None:
    seconds: list[Live] = []
    workload = Workload(6, 2.3, think=0.01, processes=2)
    load = await generated(tmp_path, workload, told=seconds.append)
    assert not load.failed
    assert len(load.cpu) == 2
    assert load.operations == len(stored(tmp_path)) > 50
    assert len(stored(tmp_path, farewell=True)) <= 6
    assert sum(one.operations for one in seconds) <= load.operations
    assert 1 <= len(seconds) <= 2
    assert all(one.p50 and one.p99 and one.p50 <= one.p99 < 5000 for one in seconds)
    assert load.cost > 0
    assert load.rate_reached == pytest.approx(load.operations / load.seconds)
    texts = json.loads((tmp_path / running.HISTOGRAMS).read_text())
    assert texts == load.latency
    counts = [added([text]).get_total_count() for text in texts.values()]
    assert sum(counts) == load.operations


async def test_who_stops_it_has_what_is_known(tmp_path: Path) -> None:
    before = children()
    stop = asyncio.Event()
    workload = Workload(3, 60.0, think=0.01)
    load = await generated(tmp_path, workload, stop=stop, told=lambda _: stop.set())
    assert load.interrupted
    assert load.seconds < 30
    assert load.operations == Stored.open(tmp_path).operations > 0
    assert not children() - before


async def test_who_cancels_it_leaves_no_process_and_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = children()
    workload = Workload(3, 60.0, think=0.01)
    tasks: list[asyncio.Task[Load]] = []
    work = generated(tmp_path, workload, told=lambda _: tasks[0].cancel())
    tasks.append(asyncio.create_task(work))
    monkeypatch.setattr(running, "_LEAVING", 3600.0)  # none is to be killed
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert not children() - before
    assert Stored.open(tmp_path).operations > 0


async def test_one_that_is_killed_ends_the_others_and_is_named(tmp_path: Path) -> None:
    before = children()

    def kill(_: Live) -> None:
        if len(there := children() - before) == 2:
            os.kill(there.pop(), signal.SIGKILL)

    load = await generated(tmp_path, Workload(4, 60.0, think=0.01, processes=2), told=kill)
    assert load.failed == "a load generator is gone: it ended with status -9"
    assert not children() - before


async def test_a_rate_that_cannot_be_kept_is_said_with_what_was_reached(tmp_path: Path) -> None:
    async with serving(**App(pause=0.1).handlers) as url:
        at = target(url, 2)
        workload = Workload(2, 1.0, rate=200.0, life=BROWSE)
        load = await generate(workload, at, tmp_path, time.monotonic(), b"key")
    assert load.rate_asked == 200
    assert load.rate_reached < 40
    assert "200 operations a second were asked for" in load.warning


async def test_a_generator_that_is_the_bottleneck_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BUSY", 0.001)
    load = await generated(tmp_path, Workload(3, 0.5, think=0.0))
    assert "the load generator was busy for" in load.warning


@pytest.mark.parametrize(
    ("workload", "count"),
    [
        (Workload(processes=3), 3),
        (Workload(2, processes=3), 2),
        (Workload(), 1),
        (Workload(think=0.0), 4),
        (Workload(rate=25_000.0), 3),
        (Workload(rate=[Stage(0, 5)]), 1),
        (Workload(rate=1e9), 4),
    ],
)
def test_there_are_as_many_as_the_work_takes_and_half_the_cores_at_most(
    workload: Workload, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert processes(workload) == count
