"""One story's records on its own clock: what a person reads counts from the story's beginning.

What is stored keeps the one clock of the run, on which stories that are told side by side can be
compared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation


def in_story_time(
    history: Iterable[Operation], events: Iterable[Event]
) -> tuple[list[Operation], list[Event]]:
    """The same, with every time in seconds since the story's `scenario.started`.

    Without such an event, as in a record from elsewhere, they stay as they are.
    """
    heard = list(events)
    began = next((event.at for event in heard if event.kind == "scenario.started"), 0.0)
    operations = [
        replace(op, invoked=op.invoked - began, completed=op.completed - began) for op in history
    ]
    return operations, since(began, heard)


def since(began: float, events: Iterable[Event]) -> list[Event]:
    """The same events, with every time in seconds since `began`."""
    return [_earlier(event, began) for event in events]


def _earlier(event: Event, by: float) -> Event:
    data = dict(event.data)
    if isinstance(began := data.get("began"), float):
        data["began"] = began - by
    return replace(event, at=event.at - by, data=data)
