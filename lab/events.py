"""Everything that happens in a run is an event; reports, pages and tests listen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `at` is in seconds since the run began; `kind` is `noun.verb` (`node.killed`); `data` holds
    plain JSON values, never a credential.
    """

    at: float
    kind: str
    scenario: str
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def began(self) -> float:
        """When it was set off, where it says so: what happens takes time."""
        began = self.data.get("began")
        return began if isinstance(began, float) else self.at


Listener = Callable[[Event], None]
STEP, PART_TOLD = "story.step", "story.part-told"
KEPT_ELSEWHERE = ("request.completed", "part.log")
"""What is no event of a record: requests are in its history, and logs in files of their own."""

_within: ContextVar[bool] = ContextVar("within a step", default=False)


@contextmanager
def within_a_step() -> Iterator[None]:
    """What is done here is part of a step that was told before, and no step of its own."""
    before = _within.set(True)
    try:
        yield
    finally:
        _within.reset(before)


class Events:
    """Where a run tells what happens, to whoever listens, in order and at once.

    `began` is the run's on the monotonic clock, where another process has begun it.
    """

    def __init__(self, *listeners: Listener, began: float | None = None) -> None:
        self._listeners = list(listeners)
        self._followers: list[Listener] = []
        self.began = time.monotonic() if began is None else began

    def now(self) -> float:
        """Seconds since the run began, on the monotonic clock."""
        return time.monotonic() - self.began

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def ignore(self, listener: Listener) -> None:
        """Tell that listener no more."""
        self._listeners.remove(listener)

    def follow(self, follower: Listener) -> None:
        """Let it hear, besides all else, the steps of stories: reports of a run have none."""
        self._followers.append(follower)

    @contextmanager
    def step(
        self, scenario: str, cluster: str, does: str, told: Callable[[], Mapping[str, object]]
    ) -> Iterator[None]:
        """A step of a story, told before it is done; of those that it consists of none is told."""
        if not self._followers or _within.get():
            yield
            return
        where = {"cluster": cluster} if cluster else {}
        self.tell_followers(STEP, scenario, does=does, **told(), **where)
        with within_a_step():
            yield

    def tell_followers(self, kind: str, scenario: str = "", **data: object) -> None:
        """An event that only they hear."""
        event = Event(self.now(), kind, scenario, data)
        for follower in self._followers:
            follower(event)

    @contextmanager
    def recording(self, scenario: str) -> Iterator[list[Event]]:
        """Keep what happens in one scenario, its requests left out: those are in its history."""
        heard: list[Event] = []

        def listen(event: Event) -> None:
            if event.scenario == scenario and event.kind not in KEPT_ELSEWHERE:
                heard.append(event)

        self._listeners.append(listen)
        try:
            yield heard
        finally:
            self.ignore(listen)

    def emit(self, kind: str, scenario: str = "", **data: object) -> None:
        event = Event(self.now(), kind, scenario, data)
        for listener in (*self._listeners, *self._followers):
            listener(event)
