"""Memory does not grow with a body's size; `benchmarks.balancer.bodies` and `.idle` have more."""

from __future__ import annotations

import pytest

from benchmarks.balancer import bodies, idle

SLOW = [case for case in bodies.CASES if case.slow]


@pytest.mark.parametrize("case", SLOW, ids=str)
async def test_a_body_of_any_size_and_a_slow_reader_take_constant_memory(
    case: bodies.Case,
) -> None:
    risen = await bodies.rise(case, 64 * bodies.MB)
    assert risen < bodies.MOST_KB, f"{risen} kB for 64 MB"


async def test_idle_connections_are_held_and_cheap() -> None:
    assert await idle.run(1000) < 16, "kB for each"
