"""What became of each user so far, judged anew only for whom something has changed.

A user's verdict is the worst of its life, so a request between two that went alike changes nothing:
of such runs the first and the last are kept. `add` says which request has become one of those in
between. What is kept is judged by `lab.verdicts`, as a stored run is.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from sessionlab.lab.record.history import USER
from sessionlab.lab.verdicts.cart import shows_several
from sessionlab.lab.verdicts.causes import LOSSES
from sessionlab.lab.verdicts.classify import is_error, refuses
from sessionlab.lab.verdicts.fates import Fate, User, users

if TYPE_CHECKING:
    from sessionlab.lab.record.history import Operation

_KNOWN, _NOBODY, _ERROR = "known", "nobody", "error"


class Standings:
    """Of one cluster's users; `version` counts on whenever one of them fares otherwise."""

    def __init__(self) -> None:
        self._lives: dict[str, dict[int, list[Operation]]] = {}
        self._judged: dict[str, list[User]] = {}
        self._fates: dict[tuple[str, int], User] = {}
        self._changed: set[str] = set()
        self._adds = False
        self.version = 0

    def add(self, operation: Operation) -> Operation | None:
        """Take it in; the request that no verdict rests on any more, if there is one now."""
        if operation.direct:
            return None
        life = self._lives.setdefault(operation.client, {}).setdefault(operation.tab, [])
        self._judged.setdefault(operation.client, [])
        dispensable = self._goes_on(life, operation)
        if dispensable:
            life[-1] = operation
        else:
            life.append(operation)
            self._changed.add(operation.client)
        return dispensable

    def judged(self) -> list[User]:
        """All users in the order in which they came; those with news are judged anew."""
        changed = {name: self._asked(name) for name in self._changed}
        if not self._adds and any(map(shows_several, changed.values())):
            self._adds = True  # which is news of everybody
            changed = {name: self._asked(name) for name in self._lives}
        for name, asked in changed.items():
            found = users(asked, adds=self._adds)
            if found != self._judged[name]:
                self._judged[name] = found
                self._fates |= {(user.client, user.tab): user for user in found}
                self.version += 1
        self._changed.clear()
        return [user for one in self._judged.values() for user in one]

    def fate(self, user: str, tab: int) -> Fate | None:
        """Of one client; one that never logged in shares a session. None before anybody has."""
        self.judged()
        own = self._fates.get((user, tab))
        if own is None and len(self._judged.get(user, ())) == 1:
            own = self._judged[user][0]
        return own.fate if own else None

    def _asked(self, name: str) -> list[Operation]:
        return list(chain.from_iterable(self._lives[name].values()))

    def _goes_on(self, life: list[Operation], operation: Operation) -> Operation | None:
        """The last request, where it is like this one and the one before."""
        if len(life) < 2:  # noqa: PLR2004
            return None
        before, last = life[-2:]
        judged = self._fates.get((operation.client, operation.tab))
        if judged and judged.at is last:
            return None
        kinds = {_kind(before), _kind(last), _kind(operation)}
        if judged and judged.fate is Fate.STUCK:
            judged = None  # it may have had an answer since
        is_lost = judged is not None and judged.fate in LOSSES
        if "" in kinds or (len(kinds) > 1 and not (is_lost and _ERROR not in kinds)):
            return None
        at_one = len({before.node, last.node, operation.node}) == 1
        moves = judged is not None and judged.fate is not Fate.KEPT
        same = before.verdict == last.verdict == operation.verdict and before.tie == operation.tie
        return last if same and (at_one or moves or kinds != {_KNOWN}) else None


def _kind(operation: Operation) -> str:
    """How somebody was answered who asked who it is; "" for all that says more than that."""
    only_asks = operation.conversation == "me" and operation.credential and operation.items is None
    if not only_asks or operation.given_up:
        return ""
    if is_error(operation):
        return _ERROR
    if refuses(operation):
        return _NOBODY
    return _KNOWN if operation.who == USER and operation.user == operation.client else ""
