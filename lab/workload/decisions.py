"""What each user does, in order: a pure function of the seed and the workload.

What the app answers changes nothing of it. Who turns out to be logged out logs in again, besides.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.workload.model import Workload

IDLE = 10.0  # times as long as to think
LONGEST = 5.0  # times the mean: thoughts are drawn from an exponential distribution
MOST_IDLE = 5.0  # seconds


class Decision(NamedTuple):
    """What a user does, and how many seconds `after` the answer before it.

    It is login, me, read, write, logout or replay: to ask who one is with what was held before the
    logout, which `keeps` a copy of it.
    """

    what: str
    after: float
    keeps: bool = False


def decisions(workload: Workload, user: int) -> Iterator[Decision]:
    """All that the user with that number does, without end."""
    drawn = Random(f"{workload.seed}/user/{user}")  # noqa: S311  a schedule, no secret
    life, think = workload.life, workload.think
    does = ("me", "read", "write", "idle", "logout")
    weights = (life.browse / 2, life.browse / 2, life.write, life.idle, life.logout)
    bounds = list(accumulate(weights))
    replayed = min(life.replay / life.logout, 1.0) if life.logout else 0.0
    random, whole = drawn.random, bounds[-1]

    def thought() -> float:
        return min(drawn.expovariate(1 / think), LONGEST * think) if think else 0.0

    yield Decision("login", random() * workload.arrive)
    away = 0.0
    while True:
        what = does[min(bisect(bounds, random() * whole), 4)]
        if what == "idle":
            away = min(IDLE * think, MOST_IDLE)
            continue
        keeps = what == "logout" and random() < replayed
        yield Decision(what, thought() + away, keeps)
        away = 0.0
        if keeps:
            yield Decision("replay", thought())
        if what == "logout":
            yield Decision("login", thought())
