"""When users do what they do: after thinking (closed loop), or at a rate (open loop)."""

from __future__ import annotations

import asyncio
import math
import time
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.workload.model import Stage
    from sessionlab.lab.workload.user import VirtualUser

EARLY = 0.0005
"""Seconds before its time that an operation may begin: the loop's timers count milliseconds."""


class Pace:
    """Tells users when to begin; one timer is for all."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False

    def start(self, at: float) -> None:
        """Begin at that time of the monotonic clock."""
        raise NotImplementedError

    def rested(self, user: VirtualUser, now: float) -> None:
        """A user has nothing under way any more."""
        user.is_busy = False
        if not self._is_over:
            user.decide()
            self._go_on(user, now)

    def stop(self) -> None:
        """Let nobody begin anything more."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def _go_on(self, user: VirtualUser, now: float) -> None:
        raise NotImplementedError

    def _tick(self) -> None:
        raise NotImplementedError

    def _wind(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._is_over and due < math.inf:
            self._timer = self._loop.call_later(max(due - time.monotonic(), 0), self._tick)


class ClosedLoop(Pace):
    """Each user begins the next when it has thought."""

    def __init__(self, users: Sequence[VirtualUser]) -> None:
        super().__init__()
        self._users = users
        self._heap: list[tuple[float, int, VirtualUser]] = []
        self._order = count()

    def start(self, at: float) -> None:
        for user in self._users:
            heappush(self._heap, (at + user.after, next(self._order), user))
        self._tick()

    def _go_on(self, user: VirtualUser, now: float) -> None:
        if user.after <= 0:
            user.begin(now, now)
            return
        heappush(self._heap, (now + user.after, next(self._order), user))
        if self._heap[0][2] is user:
            self._wind(now + user.after)

    def _tick(self) -> None:
        now, heap = time.monotonic(), self._heap
        while heap and heap[0][0] <= now + EARLY:
            heappop(heap)[2].begin(now, now)
        self._wind(heap[0][0] if heap else math.inf)


class OpenLoop(Pace):
    """Operation k of all begins at its time, by user k modulo their number, or as soon as it can.

    `users` are those of this process, there once it starts, by their `numbers` out of `everybody`.
    """

    def __init__(
        self, users: Sequence[VirtualUser], numbers: Sequence[int], everybody: int, rate: Rate
    ) -> None:
        super().__init__()
        self._arrivals = (
            (rate.time_of(turn * everybody + number), user)
            for turn in count()
            for user, number in zip(users, numbers, strict=True)
        )
        self._at = 0.0

    def start(self, at: float) -> None:
        self._at, self._next = at, next(self._arrivals)
        self._tick()

    def _go_on(self, user: VirtualUser, now: float) -> None:
        if user.waiting:
            user.begin(user.waiting.popleft(), now)

    def _tick(self) -> None:
        now = time.monotonic()
        while (due := self._at + self._next[0]) <= now + EARLY:
            user = self._next[1]
            if user.is_busy:
                user.waiting.append(due)
            else:
                user.begin(due, now)
            self._next = next(self._arrivals)
        self._wind(due)


class Rate:
    """A rate that changes in steps and ramps, for so many seconds."""

    def __init__(self, stages: Sequence[Stage], seconds: float) -> None:
        self._parts: list[tuple[float, float, float, float]] = []
        """When it begins, the rate then, its growth a second, and how many came before."""
        self.operations = 0.0
        """How many are to begin in all."""
        for stage, after in zip(stages, [*stages[1:], None], strict=True):
            end = min(after.at if after else seconds, seconds)
            long = end - stage.at
            if long <= 0:
                break
            ramps = after is not None and after.ramp
            growth = (after.rate - stage.rate) / (after.at - stage.at) if after and ramps else 0.0
            self._parts.append((stage.at, stage.rate, growth, self.operations))
            self.operations += stage.rate * long + growth * long**2 / 2

    def time_of(self, number: int) -> float:
        """When operation `number` is to begin, the first is 0; infinite behind the last."""
        if number >= self.operations:
            return math.inf
        at, rate, growth, before = next(part for part in reversed(self._parts) if part[3] <= number)
        left = number - before
        if abs(growth) < 1e-9:  # noqa: PLR2004
            return at + left / rate if rate else at
        reached = math.sqrt(max(rate * rate + 2 * growth * left, 0.0))
        return at + max((reached - rate) / growth, 0.0)
