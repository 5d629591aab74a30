"""A scenario: a story with a name, told on real clusters, whose claims are judged."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sessionlab.lab.errors import UsageError
from sessionlab.lab.scenario.lab import Lab

NAME = re.compile(r"\w[\w .-]{0,99}")
RESERVED = ("events.jsonl", "run.json", "junit.xml")
Story = Callable[[Lab], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`least_nodes` is the smallest cluster on which the story means something.

    A `slow` one is left out of a run that names none. One `about_demo` is about what only our demo
    app does, and is skipped where another stands in for it. Its name is that of its folder in
    `--out`; raises UsageError for what no folder of its own could be called.
    """

    name: str
    title: str
    story: Story
    least_nodes: int = 1
    slow: bool = False
    about_demo: bool = False

    def __post_init__(self) -> None:
        if self.name in RESERVED or not NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} cannot be a scenario's name",
                "take letters, digits, and - _ . between them: a folder is called like that",
            )

    @property
    def folder(self) -> Path:
        """Where its file lies, which what it names is relative to."""
        return Path(inspect.getfile(inspect.unwrap(self.story))).parent


def scenario(
    name: str, title: str, *, least_nodes: int = 1, slow: bool = False, about_demo: bool = False
) -> Callable[[Story], Scenario]:
    """Make a story runnable: `sessionlab run NAME` finds it, `lab.main` runs it alone."""

    def tell(story: Story) -> Scenario:
        return Scenario(name, title, story, least_nodes, slow, about_demo)

    return tell
