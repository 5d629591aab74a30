"""Memory does not grow with a body's size; `benchmarks.balancer.bodies` and `.idle` have more."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from benchmarks.balancer import bodies, idle
from sessionlab.balancer.http.request_fields import Fields
from sessionlab.balancer.proxy.exchange import Exchange
from tests.balancer.rawhttp import connect, until

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab

SLOW = [case for case in bodies.CASES if case.slow]


@pytest.mark.parametrize("case", SLOW, ids=str)
async def test_a_body_of_any_size_and_a_slow_reader_take_constant_memory(
    case: bodies.Case,
) -> None:
    risen = await bodies.rise(case, 64 * bodies.MB)
    assert risen < bodies.MOST_KB, f"{risen} kB for 64 MB"


async def test_idle_connections_are_held_and_cheap() -> None:
    assert await idle.run(1000) < 16, "kB for each"


async def test_a_head_that_is_not_remembered_is_let_go_at_once(lab: Lab) -> None:
    """Not at the next collection of cycles, which is rare: 16 KiB a head is 200 MB by then."""
    client = await lab.client(await lab.balancer(await lab.backend(), affinity="cookie"))
    gc.collect()
    gc.disable()
    try:
        before = _alive(Fields)
        for i in range(40):
            assert (await client.get("/", f"Cookie: big={i}{'x' * 12_000}")).status == 200
        assert _alive(Fields) - before <= 2
    finally:
        gc.enable()


async def test_a_connection_that_has_ended_is_let_go_at_once(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend())
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            async with connect(balancer.listen) as client:
                await client.get()
            await until(lambda: not balancer.context.connections)
            assert _alive(Exchange) == 0
    finally:
        gc.enable()


def _alive(kind: type) -> int:
    return sum(isinstance(each, kind) for each in gc.get_objects())
