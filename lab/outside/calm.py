"""Whether a system has settled, as far as those who use it can tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sessionlab.lab.outside.pacing import TOO_MANY
from sessionlab.lab.record.history import ERROR, NOBODY, USER

if TYPE_CHECKING:
    from collections.abc import Hashable

    from sessionlab.lab.record.history import Operation

CALM = 5.0  # seconds without a change


class Standing(StrEnum):
    """How a user fares at this moment."""

    WELL = "well"
    NOBODY = "logged out"
    ERRORS = "without an answer"


_OF = {USER: Standing.WELL, NOBODY: Standing.NOBODY, ERROR: Standing.ERRORS}


def standing(operation: Operation) -> Standing | None:
    """What an answer shows; None for one that shows nothing, or that asked us to slow down."""
    if operation.given_up or operation.status == TOO_MANY:
        return None
    return _OF.get(operation.who)


@dataclass
class Calm:
    """Hears every answer of so many users; errors that go on are no calm: they may still end."""

    users: int = 1
    since: float = 0.0
    """When something last changed, in seconds since the run began."""
    now: dict[Hashable, Standing] = field(default_factory=dict)
    _asked: dict[Hashable, float] = field(default_factory=dict)
    _nodes: set[str] = field(default_factory=set)

    def hear(self, who: Hashable, operation: Operation) -> None:
        """A change is a user who fares otherwise than before, or a node that is new."""
        found = standing(operation)
        if found is None:
            return
        new = {operation.node} - self._nodes - {None}
        if new or self.now.get(who) is not found:
            self.since = operation.completed
        self._nodes |= {node for node in new if node}
        self.now[who] = found
        self._asked[who] = operation.invoked

    def lasts(self, after: float, now: float) -> bool:
        """Whether all have asked since `after`, and nothing has changed for long enough."""
        return (
            self.all_asked(after)
            and Standing.ERRORS not in self.now.values()
            and now - max(self.since, after) >= CALM
        )

    def all_asked(self, since: float) -> bool:
        """Whether what each has asked last was asked after that."""
        return sum(asked >= since for asked in self._asked.values()) >= self.users

    def __str__(self) -> str:
        counts = Counter(self.now.values())
        return ", ".join(f"{counts[one]} {one}" for one in Standing if counts[one]) or "nobody yet"
