"""What became of an ordeal's users: a pure function of what was recorded.

An account may have served an earlier ordeal, and its data may outlive a session: what was written
then is no fault now. Nor is what nobody of the lab ever wrote: an app may greet with some.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.check.results import Counts
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.verdicts.fates import User

_WORSE = list(Fate)


def own(history: Sequence[Operation], since: int) -> list[Operation]:
    """The operations of one ordeal, which begin at `since`, without the items of earlier ones.

    The tabs of a user have one session, so what happens in any of them happens to it.
    """
    written = {(op.client, op.item) for op in history[:since]}
    ours = {op.item for op in history}
    return [
        replace(
            op,
            tab=op.tab if op.direct else 0,
            items=op.items
            and tuple(i for i in op.items if i in ours and (op.client, i) not in written),
        )
        for op in history[since:]
    ]


def judge(
    operations: Iterable[Operation], events: Sequence[Event], names: Sequence[str]
) -> tuple[Users, Counts]:
    """The verdicts on an ordeal's users, and how many fared how.

    Of one without any verdict nothing is known.
    """
    judged = Users.of(operations, events)
    worst: Counter[str] = Counter()
    for name in names:
        mine = [user for user in judged.judged if user.client == name]
        fates = sorted((user.fate for user in mine), key=_WORSE.index)
        worst[fates[-1].replace(" ", "_") if fates else "unknown"] += 1
        worst["interrupted"] += any(user.interruptions for user in mine)
    return judged, Counts(**worst)


def why(judged: Users, history: Iterable[Operation]) -> str:
    """Why users were lost, and whose credential outlived its logout."""
    return "; ".join([*judged.told(), *replays_told(list(history))])


def replays_told(history: Sequence[Operation]) -> Iterator[str]:
    """What the copies said to credentials that were logged out, where they still take them."""
    asked = replays(history)
    taken = [op for op in asked if op.recognised]
    if taken:
        users, of = len({op.client for op in taken}), len({op.client for op in asked})
        yield (
            f"after the logout the old credential of {users} of {of} users is still accepted"
            f" ({len(taken)} of {len(asked)} times, asked at every copy)"
        )


def replays(history: Iterable[Operation]) -> list[Operation]:
    """What copies said to credentials that were logged out, where that says something."""
    return [op for op in history if op.direct and op.conversation == "me" and op.who != "error"]


def lost_at_home(judged: Iterable[User]) -> tuple[int, int]:
    """How many were logged out by the very copy that had known them, and how many by another."""
    out = [user for user in judged if user.fate is Fate.LOGGED_OUT and user.at and user.at.node]
    home = sum(user.at.node == user.home for user in out if user.at)
    return home, len(out) - home
