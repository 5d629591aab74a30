"""A backend's states and what leads from one to another: all of it, as tables.

Two things decide: what the operator *asked* for, and what was *found* by checks and by requests.
`TABLE` says which state the two make; time and failures do the rest (`AFTERWARDS`).

A backend that answers its check with 503 is alive and asks to be left alone: it drains by itself,
and comes back by itself. One that refuses the connection or is silent is down.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """One backend's state; the values are what the admin API says."""

    UP = "up"
    DRAIN = "drain"
    DRAINED = "drained"
    MAINTENANCE = "maintenance"
    DOWN = "down"
    EJECTED = "ejected"


class Means(NamedTuple):
    """What a state means for clients without a pin, for its own, and for the checks."""

    takes_new: bool
    keeps_pinned: bool
    checked: bool


MEANING = {
    State.UP: Means(takes_new=True, keeps_pinned=True, checked=True),
    State.DRAIN: Means(takes_new=False, keeps_pinned=True, checked=True),
    # Past the limit of its drain; its own are served on while nobody else could take them.
    State.DRAINED: Means(takes_new=False, keeps_pinned=False, checked=True),
    State.MAINTENANCE: Means(takes_new=False, keeps_pinned=False, checked=False),
    State.DOWN: Means(takes_new=False, keeps_pinned=False, checked=True),
    State.EJECTED: Means(takes_new=False, keeps_pinned=False, checked=True),
}
ASKABLE = frozenset({State.UP, State.DRAIN, State.MAINTENANCE})


class Finding(StrEnum):
    """What is known of a backend from its answers."""

    READY = "ready"
    LEAVING = "leaving"
    DOWN = "down"


class Seen(StrEnum):
    """What one check saw, or one request: nobody listening."""

    GOOD = "good"
    ASKS_TO_LEAVE = "asks to leave"
    BAD = "bad"
    REFUSED = "refused"
    NOTHING = "nothing"  # it could not be asked, for no fault of its own


class After(StrEnum):
    """How many in a row it takes."""

    ONE = "one"
    RISE = "rise"
    FALL = "fall"


FINDINGS: dict[tuple[Finding, Seen], tuple[Finding, After]] = {
    (Finding.READY, Seen.ASKS_TO_LEAVE): (Finding.LEAVING, After.ONE),  # it knows best
    (Finding.READY, Seen.BAD): (Finding.DOWN, After.FALL),
    (Finding.READY, Seen.REFUSED): (Finding.DOWN, After.ONE),
    (Finding.LEAVING, Seen.GOOD): (Finding.READY, After.RISE),
    (Finding.LEAVING, Seen.BAD): (Finding.DOWN, After.FALL),
    (Finding.LEAVING, Seen.REFUSED): (Finding.DOWN, After.ONE),
    (Finding.DOWN, Seen.GOOD): (Finding.READY, After.RISE),
    (Finding.DOWN, Seen.ASKS_TO_LEAVE): (Finding.LEAVING, After.ONE),
}
"""What a finding becomes; a pair that is not here changes nothing and breaks the row."""

TABLE: dict[tuple[State, Finding], State] = {
    (State.UP, Finding.READY): State.UP,
    (State.UP, Finding.LEAVING): State.DRAIN,
    (State.UP, Finding.DOWN): State.DOWN,
    (State.DRAIN, Finding.READY): State.DRAIN,
    (State.DRAIN, Finding.LEAVING): State.DRAIN,
    (State.DRAIN, Finding.DOWN): State.DOWN,
    (State.MAINTENANCE, Finding.READY): State.MAINTENANCE,
    (State.MAINTENANCE, Finding.LEAVING): State.MAINTENANCE,
    (State.MAINTENANCE, Finding.DOWN): State.MAINTENANCE,
}
"""What was asked and what was found: the state."""


class Event(StrEnum):
    """What happens to a state without anybody asking or checking."""

    LIMIT_PASSED = "limit passed"
    KEEPS_FAILING = "keeps failing"


AFTERWARDS: dict[tuple[State, Event], State] = {
    (State.DRAIN, Event.LIMIT_PASSED): State.DRAINED,
    (State.UP, Event.KEEPS_FAILING): State.EJECTED,
    (State.DRAIN, Event.KEEPS_FAILING): State.EJECTED,
    (State.DRAINED, Event.KEEPS_FAILING): State.EJECTED,
}


def state(asked: State, found: Finding, *, overdue: bool, failing: bool) -> State:
    """The state that all of it makes."""
    made = TABLE[asked, found]
    if overdue:
        made = AFTERWARDS.get((made, Event.LIMIT_PASSED), made)
    if failing:
        made = AFTERWARDS.get((made, Event.KEEPS_FAILING), made)
    return made
