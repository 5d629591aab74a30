"""What a failed test shows: each user's requests, with a mark where something broke, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.reports.glyphs import Glyphs
from sessionlab.lab.reports.strip_lines import Layout
from sessionlab.lab.reports.strips import strips
from sessionlab.lab.verdicts.causes import losses
from sessionlab.lab.verdicts.fates import Fate, users
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

PARTS = ("node", "balancer", "redis", "keys", "link", "part")
"""What can be changed, as events name it."""
WIDTH = 100  # columns: nobody's terminal is asked, as the lines may be read elsewhere
LOST = (Fate.LOGGED_OUT, Fate.STUCK, Fate.WRONG_DATA)


def judged(history: Iterable[Operation], told: Sequence[Event], since: float) -> Users:
    """What became of each user; those who were lost before are not among them."""
    found = [
        user
        for user in users(history)
        if user.fate not in LOST or user.at is None or user.at.completed >= since
    ]
    return Users(found, losses(found, told))


def story(history: Iterable[Operation], told: Sequence[Event], since: float) -> str:
    """The strips of what was asked since then, and what became of those who were lost."""
    everything = list(history)
    asked = [operation for operation in everything if operation.invoked >= since]
    if not asked:
        return ""
    drawn = Layout(WIDTH, Glyphs()).draw(strips(asked, [e for e in told if e.at >= since]), {})
    why = judged(everything, told, since).told()
    return "\n".join([*(line.plain.rstrip() for line in drawn), *why])


def unasked(history: Iterable[Operation], told: Sequence[Event], since: float) -> str:
    """Why nothing is known of anybody; empty where somebody has asked since the last change."""
    last, what = since, "the test began"
    for event in told:
        if event.kind.partition(".")[0] in PARTS and event.began >= last:
            last, what = event.began, event.kind
    asked = any(operation.completed >= last for operation in history)
    return "" if asked else f"nobody has asked anything since {what}, so nothing is known of them"


def lost(found: Users) -> str:
    """Who was lost, and why; empty where nobody was."""
    who = [f"{user.client} {user.fate}" for user in found.judged if user.fate in LOST]
    if not who:
        return ""
    head = f"{len(who)} of {number(len(found), 'user')} lost: {', '.join(who)}"
    return "\n".join([head, *found.told()])
