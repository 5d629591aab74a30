"""What a failed test shows: each user's requests, with a mark where something broke, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.reports.glyphs import Glyphs
from sessionlab.lab.reports.strip_lines import Layout
from sessionlab.lab.reports.strips import is_change, mark, strips
from sessionlab.lab.verdicts.causes import LOSSES, losses
from sessionlab.lab.verdicts.fates import users
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.users import Users, unseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

WIDTH = 100  # columns: nobody's terminal is asked, as the lines may be read elsewhere


def judged(history: Iterable[Operation], told: Sequence[Event], since: float) -> Users:
    """What became of each user that has asked since; those who were lost before are left out."""
    everything = list(history)
    asked = {(op.cluster, op.client, op.tab) for op in everything if op.completed >= since}
    found = [
        user
        for user in users(everything)
        if (user.cluster, user.client, user.tab) in asked
        and (user.at is None or user.fate not in LOSSES or user.at.completed >= since)
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


def unasked(found: Users, history: Iterable[Operation], told: Sequence[Event], since: float) -> str:
    """Of whom nothing is known since the last change, and what to do; empty where of nobody."""
    last, what = since, "the test began"
    for event in told:
        if is_change(event) and event.at >= last:
            last, what = event.at, str(mark(event))
    if not len(found):
        return f"nobody has asked anything since {what}, so nothing is known of anybody"
    if not (who := [user.client for user in unseen(found.judged, history, last)]):
        return ""
    have = "has" if len(who) == 1 else "have"
    return (
        f"{', '.join(who)} {have} not been asked since {what}, so nothing is known of them:"
        " ask each (`user.me()`) before `assert_nobody_lost()`"
    )


def lost(found: Users) -> str:
    """Who was lost, and why; empty where nobody was."""
    who = [f"{user.client} {user.fate}" for user in found.judged if user.fate in LOSSES]
    if not who:
        return ""
    head = f"{len(who)} of {number(len(found), 'user')} lost: {', '.join(who)}"
    return "\n".join([head, *found.told()])
