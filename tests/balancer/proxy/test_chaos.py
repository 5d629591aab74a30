"""A few thousand requests while everything changes; `benchmarks.balancer.chaos` has a million."""

from __future__ import annotations

import pytest

from benchmarks.balancer.chaos import GOOD, run
from benchmarks.balancer.trouble import CUT


@pytest.mark.parametrize("workers", [1, 2])
async def test_no_request_is_lost_or_answered_wrongly(workers: int) -> None:
    seen, done = await run(10_000, workers)
    assert set(seen) <= {GOOD, *CUT.values()}, (seen, done)
    assert seen[GOOD] == 10_000
    assert sum(done.values()) > 5, "hardly anything went wrong meanwhile"
