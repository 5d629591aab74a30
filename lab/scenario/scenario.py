"""A scenario: a story with a name, told on real clusters, whose claims are judged."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sessionlab.lab.errors import UsageError
from sessionlab.lab.scenario.lab import Lab

NAME = re.compile(r"\w[\w .-]{0,99}")
RESERVED = ("events.jsonl", "run.json", "junit.xml")
Story = Callable[[Lab], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`least_nodes` is the smallest cluster on which the story means something.

    A `slow` one is left out of a run that names none. Its name is that of its folder in `--out`;
    raises UsageError for what no folder of its own could be called.
    """

    name: str
    title: str
    story: Story
    least_nodes: int = 1
    slow: bool = False

    def __post_init__(self) -> None:
        if self.name in RESERVED or not NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} cannot be a scenario's name",
                "take letters, digits, and - _ . between them: a folder is called like that",
            )


def scenario(
    name: str, title: str, *, least_nodes: int = 1, slow: bool = False
) -> Callable[[Story], Scenario]:
    """Make a story runnable: `sessionlab run NAME` finds it, `lab.main` runs it alone."""

    def tell(story: Story) -> Scenario:
        return Scenario(name, title, story, least_nodes, slow)

    return tell
