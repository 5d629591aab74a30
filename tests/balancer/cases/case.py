"""One case: what is expected, whose test it is after, and how to play it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.balancer.cases.rig import Rig

Play = Callable[[Rig], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """A behaviour as one sentence; `after` are the tests that it is about."""

    title: str
    after: tuple[str, ...]
    differs: Mapping[str, str]
    """Balancers that have the feature and do otherwise, each with the reason. Observed too."""
    play: Play

    @property
    def name(self) -> str:
        return self.play.__name__


def case(
    title: str, *after: str, differs: Mapping[str, str] | None = None
) -> Callable[[Play], Case]:
    """Make a case of a coroutine function."""
    return lambda play: Case(title, after, differs or {}, play)
