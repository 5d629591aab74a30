"""How fast requests go out, and what slows them down."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from sessionlab.lab.outside.pacing import Enough, Pacer


async def test_a_429_halves_the_rate_and_is_told() -> None:
    pacer = Pacer(8)
    pacer.heed(429, {})
    assert pacer.rate == 4
    assert pacer.said() == [
        "the system answered 429 (too many requests) once: slowed down to 4 a second"
    ]


@pytest.mark.parametrize(("status", "waits"), [(429, "7 s"), (503, "2 s")])
async def test_a_retry_after_is_waited_for_and_a_deploy_s_is_not_for_long(
    status: int, waits: str
) -> None:
    pacer = Pacer(8)
    pacer.heed(status, {"Retry-After": "7"})
    assert f"it asked to wait 7 s (Retry-After): waited {waits}" in pacer.said()
    assert Pacer(8).said() == []


async def test_a_retry_after_may_be_a_date_and_nonsense_is_nothing() -> None:
    pacer = Pacer(8)
    pacer.heed(429, {"Retry-After": "soon"})
    assert len(pacer.said()) == 1
    pacer.heed(429, {"Retry-After": formatdate(time.time() + 30, usegmt=True)})
    assert "Retry-After" in pacer.said()[1]


async def test_conversations_take_their_turns() -> None:
    pacer, began = Pacer(50), time.monotonic()
    for _ in range(6):
        await pacer.turn()
    assert time.monotonic() - began >= 0.1


async def test_when_all_are_sent_no_more_are() -> None:
    with pytest.raises(Enough):
        await Pacer(8, most=0).turn()
