"""The settings of a story that its cluster could not be given: told apart, and never passed over.

A pure function of the events, like the other notes that qualify what a story claims.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.events import Event

KIND = "setting.skipped"


class NotShown(NamedTuple):
    """One setting, and why it was not shown."""

    setting: str
    reason: str

    def __str__(self) -> str:
        return f"{self.setting}: not shown, {self.reason}"


def not_shown(events: Iterable[Event]) -> list[NotShown]:
    """In the order in which the story names them."""
    return [
        NotShown(str(event.data["setting"]), str(event.data["reason"]))
        for event in events
        if event.kind == KIND
    ]
