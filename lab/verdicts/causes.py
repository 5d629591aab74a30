"""Why users were logged out, stuck or given wrong data: what the run's events say of the verdicts.

A pure function of verdicts and events. Each sentence is put together from what happened to the
node that a user's session was at, to the balancer, the store and the keys, between its last good
answer and the one at which it was lost. What "between" means for requests that were under way is
written down in `sessionlab.lab.verdicts.outages`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.fates import Fate, User
from sessionlab.lab.verdicts.outages import in_order, in_short, told
from sessionlab.lab.verdicts.tale import NOTHING, Cause, Tale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sessionlab.lab.events import Event

LOSSES = (Fate.LOGGED_OUT, Fate.STUCK, Fate.WRONG_DATA)


@dataclass(frozen=True, slots=True)
class Loss:
    """Of the users of a cluster so many fared like that, and why; `short` is that in few words."""

    cluster: str
    users: int
    of: int
    fate: Fate
    why: str
    short: str = ""

    def __str__(self) -> str:
        return f"{self.who}: {self.why}"

    @property
    def who(self) -> str:
        """`3 of 10 users were logged out`."""
        be = "was" if self.users == 1 else "were"
        how = "got wrong data" if self.fate is Fate.WRONG_DATA else f"{be} {self.fate}"
        return f"1 user {how}" if self.of == 1 else f"{self.users} of {self.of} users {how}"


def losses(users: Sequence[User], events: Iterable[Event]) -> list[Loss]:
    """A sentence for each cluster, verdict and kind of cause, in the order of the clusters."""
    heard = list(events)
    of = Counter(user.cluster for user in users)
    causes: dict[tuple[str, Fate, str], list[Cause]] = {}
    for user, cause in explained(users, heard):
        causes.setdefault((user.cluster, user.fate, cause.said()), []).append(cause)
    found = [
        Loss(cluster, len(of_a_kind), of[cluster], fate, sentence(of_a_kind), _short(of_a_kind))
        for (cluster, fate, _), of_a_kind in causes.items()
    ]
    order = list(dict.fromkeys(event.data.get("cluster") for event in heard))
    return sorted(found, key=lambda loss: order.index(loss.cluster) if loss.cluster in order else 0)


def explained(users: Sequence[User], events: Iterable[Event]) -> Iterator[tuple[User, Cause]]:
    """Each user that was lost, and what has led to that."""
    tales: dict[str, Tale] = {}
    for event in events:
        label = event.data.get("cluster")
        if isinstance(label, str):
            tales.setdefault(label, Tale()).hear(event)
    for label, tale in tales.items():
        tale.tied = any(user.tied for user in users if user.cluster == label)
    for user in users:
        if user.fate in LOSSES:
            yield user, tales.get(user.cluster, NOTHING).why(user)


def sentence(causes: Sequence[Cause]) -> str:
    """What they have in common, after the nodes' ends in the order of their moments."""
    ends = in_order(cause.end for cause in causes)
    said = causes[0].said(users=len(causes), nodes=len(ends))
    what = ", ".join(filter(None, [told(ends) if ends else "", said]))
    return " ".join(filter(None, [what, causes[0].example]))


def _short(causes: Sequence[Cause]) -> str:
    ends = in_order(cause.end for cause in causes)
    return in_short(ends) if ends else causes[0].short or causes[0].said()
