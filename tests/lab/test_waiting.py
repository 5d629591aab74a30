"""Waiting for something: often at first, and never so often that looking is what takes the time."""

from __future__ import annotations

import pytest

from sessionlab.lab import waiting
from sessionlab.lab.errors import StepError


def test_what_is_ready_soon_is_noticed_at_once() -> None:
    assert waiting.pause_after(0.0) == waiting.pause_after(0.01) == waiting.PAUSE


def test_it_looks_less_often_the_longer_it_has_waited_up_to_a_bound() -> None:
    pauses = [waiting.pause_after(waited) for waited in (0.0, 0.1, 0.5, 0.9, 2.0, 60.0)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == waiting.MOST


def test_waiting_overshoots_by_a_tenth_or_the_first_pause() -> None:
    now = 0.0
    while now < 10.0:
        assert waiting.pause_after(now) <= max(waiting.PAUSE, waiting.SHARE * now)
        now += waiting.pause_after(now)
    assert now <= 10.0 + waiting.MOST


async def test_a_time_that_is_up_is_its_own_only_where_it_is() -> None:
    async def never() -> bool:
        return False

    async def asks_in_vain() -> bool:
        raise TimeoutError("the one that was asked")

    with pytest.raises(StepError, match="in vain for it"):
        await waiting.until("it", never, seconds=0.01)
    with pytest.raises(TimeoutError, match="the one that was asked"):
        await waiting.until("it", asks_in_vain)
