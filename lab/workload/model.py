"""What a workload is: how many users, for how long, how fast, and what they do."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from sessionlab.lab.errors import UsageError

MOST_USERS = 100_000
MOST_PROCESSES = 64


class Mix(Struct, frozen=True, forbid_unknown_fields=True):
    """How often a user who is logged in does what, as weights: twice the weight is twice as often.

    `browse` asks who one is or reads the cart, `write` changes it, `idle` stays away for a while,
    `logout` logs out; `replay` is the share of logouts after which somebody comes back with the old
    credential, as one to `logout`: with 1 and 1 after each, with 1 and 4 after every fourth.
    """

    browse: float = 10.0
    write: float = 2.0
    idle: float = 1.0
    logout: float = 1.0
    replay: float = 1.0

    def __post_init__(self) -> None:
        weights = (self.browse, self.write, self.idle, self.logout, self.replay)
        if min(weights) < 0 or max(weights) == float("inf"):
            raise UsageError("a weight of [workload.life] is below 0, or without end")
        if not self.browse and not self.write:
            raise UsageError(
                "users who neither browse nor write show nothing", "give browse a weight in life"
            )


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """From `at` (seconds since the workload began) on, so many operations a second.

    With `ramp` the rate goes there evenly from the stage before, else it jumps.
    """

    at: float
    rate: float
    ramp: bool = False


class Workload(Struct, frozen=True, forbid_unknown_fields=True):
    """Closed loop: each user thinks for `think` seconds (the mean) between two operations.

    With a `rate` (operations a second of all users, or stages) it is an open loop: operations begin
    when they are to, and one that begins late is `late`; `think` then means nothing. Users arrive
    spread over `arrive` seconds. Raises UsageError for what cannot be meant.
    """

    users: int = 100
    seconds: float = 10.0
    rate: float | list[Stage] | None = None
    think: float = 0.05
    life: Mix = Mix()
    seed: int = 1
    processes: int | Literal["auto"] = "auto"
    arrive: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.users <= MOST_USERS:
            raise UsageError(
                f"a workload of {self.users} users shows nothing"
                if self.users < 1
                else f"{self.users} users are more than this machine's ports",
                f"users = 1 to {MOST_USERS:,}",
            )
        if not 0 < self.seconds < float("inf"):
            raise UsageError(f"a workload of {self.seconds:g} s shows nothing", "seconds = 10")
        if not 0 <= self.think < float("inf") or not 0 <= self.arrive < float("inf"):
            raise UsageError("think and arrive are seconds, 0 or more")
        if self.processes != "auto" and not 1 <= self.processes <= MOST_PROCESSES:
            raise UsageError(f'processes = {self.processes}: 1 to {MOST_PROCESSES}, or "auto"')
        self._check_rate()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Of an open loop, in order, the first at 0; none in a closed one."""
        if self.rate is None:
            return ()
        if isinstance(self.rate, (int, float)):
            return (Stage(0.0, float(self.rate)),)
        first = [] if self.rate[0].at <= 0 else [Stage(0.0, 0.0)]
        return (*first, *self.rate)

    def _check_rate(self) -> None:
        if self.rate is None:
            return
        stages = self.stages if self.rate != [] else ()
        if not stages or any(not 0 <= one.rate < float("inf") for one in stages):
            raise UsageError("a rate is operations a second, above 0")
        if [one.at for one in stages] != sorted({one.at for one in stages}):
            raise UsageError("the stages of a rate must follow each other: at = 0, at = 5, …")
        if not any(one.rate for one in stages if one.at < self.seconds):
            raise UsageError(
                "a rate of 0 asks for nothing", "rate = 100, or stages that begin before the end"
            )
