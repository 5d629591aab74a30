"""Events of `GET /events` that are no state, no request and no rate."""

from __future__ import annotations

from msgspec import Struct

from sessionlab.lab.page.model.stories import Ending


class Happened(Struct, frozen=True):
    """The event `event`: `kind` is as in node.killed, `part` who, `text` all of it in words."""

    at: float
    kind: str
    part: str
    cluster: str = "a"
    text: str = ""


class Missed(Struct, frozen=True):
    """The event `missed`: so many events came too fast for this listener."""

    count: int


class Newer(Struct, frozen=True):
    """The event `view`: `GET /view` has more to show, and this is its first sentence."""

    cluster: str
    sentence: str


class Told(Struct, frozen=True):
    """The event `telling`: that one has so many items by now, and how it ended if it has."""

    id: str
    count: int
    ending: Ending
