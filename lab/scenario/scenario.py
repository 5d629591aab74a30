"""A scenario: a story with a name, told on real clusters, whose claims are judged."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sessionlab.lab.errors import UsageError
from sessionlab.lab.scenario.lab import Lab

Story = Callable[[Lab], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`least_nodes` is the smallest cluster on which the story means something.

    A `slow` one is left out of a run that names none.
    """

    name: str
    title: str
    story: Story
    least_nodes: int = 1
    slow: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.name):
            raise UsageError(
                f"a scenario can't be named {self.name!r}",
                "it names folders and containers: write letters, digits and hyphens",
            )


def scenario(
    name: str, title: str, *, least_nodes: int = 1, slow: bool = False
) -> Callable[[Story], Scenario]:
    """Make a story runnable: `sessionlab run NAME` finds it, `lab.main` runs it alone."""

    def tell(story: Story) -> Scenario:
        return Scenario(name, title, story, least_nodes, slow)

    return tell
