"""What a view shows of single users: a lane each, and the requests of those that were lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import REPLICA, SECOND
from sessionlab.lab.verdicts.causes import LOSSES, explained, sentence
from sessionlab.lab.verdicts.fates import Fate, User
from sessionlab.lab.verdicts.pins import in_words
from sessionlab.lab.viewer.charts import FAILED, NOBODY_KNOWS, OK, REFUSED, STATES, state, states
from sessionlab.lab.viewer.view import Lane, Loss, Span, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.checks.columns import Columns, Numbers
    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

_MOST_SPANS = 80
_WORSE = np.array([(OK, NOBODY_KNOWS, FAILED, REFUSED).index(one) for one in range(len(STATES))])
_AFTER = 2  # requests after the one at which a user was lost


class Room(NamedTuple):
    """How many lanes a view has, how many stories of losses, and how many requests in these."""

    lanes: int = 100
    losses: int = 200
    steps: int = 1600

    @classmethod
    def beside(cls, views: int) -> Room:
        """What is left to each of so many views on a page."""
        share = max(views, 1)
        return cls(max(100 // share, 12), max(200 // share, 6), max(1600 // share, 72))


ROOM = Room()


class Lives:
    """The users of a view that have a lane or a story; the shards are looked at one by one."""

    def __init__(
        self, judged: Sequence[User], events: Sequence[Event], began: float, room: Room
    ) -> None:
        self._began = began
        self._why = {_key(user): sentence([cause]) for user, cause in explained(judged, events)}
        lost = sorted((user for user in judged if user.fate in LOSSES), key=_moment)
        self._lost = {_key(user): user for user in _spread(lost, room.losses)}
        self._drawn = {_key(user): user for user in _drawn(judged, lost, room.lanes)}
        self._steps = max(room.steps // max(len(self._lost), 1), 5)
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._stories: dict[tuple[str, int], Loss] = {}

    def add(self, of: Columns) -> None:
        """Look for them in one shard."""
        how = states(of)
        for key in self._drawn.keys() | self._lost.keys():
            number = of.shard.words.number("user", key[0])
            rows = np.flatnonzero(of.user == number)
            if not number or not len(rows):
                continue
            if user := self._drawn.get(key):
                mine = rows[of.tab[rows] == user.tab]
                self._lanes[key] = self._lane(of, mine, how[mine], user)
            if user := self._lost.get(key):
                self._stories[key] = self._story(of, rows[of.tab[rows] < REPLICA], user)

    def lanes(self) -> list[Lane]:
        """In the order of the verdicts, the worst first."""
        return [self._lanes[key] for key in self._drawn if key in self._lanes]

    def losses(self) -> list[Loss]:
        return [self._stories[key] for key in self._lost if key in self._stories]

    def _lane(self, of: Columns, rows: Numbers, how: Numbers, user: User) -> Lane:
        asked = of.invoked[rows] / SECOND - self._began
        answered = of.completed[rows] / SECOND - self._began
        merged = _merged(asked, answered, of.node[rows], how)
        spans: list[Span] = [
            (round(since, 4), round(until, 4), of.shard.words.text("node", node), STATES[one])
            for since, until, node, one in merged
        ]
        return Lane(user.client, user.tab, user.fate, self._why.get(_key(user), ""), spans)

    def _story(self, of: Columns, rows: Numbers, user: User) -> Loss:
        """Its login, what came before the moment at which it was lost, and a little after that."""
        rows = rows[np.argsort(of.invoked[rows], kind="stable")]
        asked = of.invoked[rows] / SECOND - self._began
        moment = user.at.invoked if user.at else 0.0
        own = of.tab[rows] == user.tab
        at = int(np.argmin(np.where(own, np.abs(asked - moment), np.inf)))
        login = int(np.argmin(np.where(own, np.abs(asked - user.entered), np.inf)))
        first = max(at - (self._steps - _AFTER - 2), 0)
        shown = [
            *([login] if login < first else []),
            *range(first, min(at + _AFTER + 1, len(rows))),
        ]
        steps = zip(shown, of.operations(rows[shown]), strict=True)
        return Loss(
            user=user.client,
            tab=user.tab,
            fate=user.fate,
            at=round(moment, 4),
            home=user.home or "",
            why=self._why[_key(user)],
            left_out=max(first - login - 1, 0),
            steps=[self._step(op, marks=place == at) for place, op in steps],
        )

    def _step(self, op: Operation, *, marks: bool) -> Step:
        return Step(
            at=round(op.invoked - self._began, 4),
            took=round(op.completed - op.invoked, 4),
            what=op.conversation or "request",
            request=f"{op.method} {op.path}",
            status=op.status,
            node=op.node or "",
            pin=", ".join(filter(None, (op.verdict, op.reason))),
            said=in_words(op.verdict, op.reason) if op.verdict else "",
            who=op.user or "",
            how=state(op),
            error=op.error or "",
            note="; ".join(_notes(op)),
            marks=marks,
        )


def _notes(op: Operation) -> Iterator[str]:
    """What else there is to say of a request."""
    if op.code:
        yield f"the node says: {op.code}"
    if not op.credential and not op.enters:
        yield "no credential was sent"
    if op.token_left is not None and op.token_left < 0:
        yield f"its token had expired {-op.token_left:.1f} s before"
    if op.tab:
        yield f"from tab {op.tab}"
    if op.direct:
        yield "past the balancer"
    if op.given_up:
        yield "given up by the client"
    if op.new_connection:
        yield "on a new connection"


def _key(user: User) -> tuple[str, int]:
    return user.client, user.tab


def _moment(user: User) -> float:
    return user.at.invoked if user.at else 0.0


def _spread(users: Sequence[User], most: int) -> Sequence[User]:
    """At most so many, by even steps."""
    if len(users) <= most:
        return users
    return [users[round(number * (len(users) - 1) / max(most - 1, 1))] for number in range(most)]


def _drawn(judged: Sequence[User], lost: Sequence[User], most: int) -> list[User]:
    """Those that were lost first, but for a third of the lanes; then who was interrupted, moved."""
    if len(judged) <= most:
        return [*lost, *(user for user in judged if user.fate not in LOSSES)]
    others = [user for user in judged if user.fate not in LOSSES]
    first = _spread(lost, most if not others else max(most - len(others), most * 2 // 3))
    odd = [user for user in others if user.interruptions or user.fate is Fate.MOVED]
    plain = [user for user in others if not (user.interruptions or user.fate is Fate.MOVED)]
    left = most - len(first)
    some = [*_spread(odd, max(left // 2, left - len(plain))), *_spread(plain, left)]
    return [*first, *some[:left]]


def _merged(
    asked: Numbers, answered: Numbers, node: Numbers, how: Numbers
) -> Iterator[tuple[float, float, int, int]]:
    """Neighbours that are alike as one; where that leaves too many, the worst of each moment."""
    if not len(asked):
        return
    first = _begins(node, how)
    if len(first) > _MOST_SPANS:
        span = max(float(asked[-1] - asked[0]), 1e-6)
        cell = np.minimum((asked - asked[0]) / span * _MOST_SPANS, _MOST_SPANS - 1).astype(int)
        worst = np.lexsort((_WORSE[how], cell))
        ends = np.append(np.flatnonzero(np.diff(cell[worst])), len(cell) - 1)
        chosen = worst[ends]
        begins = np.searchsorted(cell, cell[chosen])
        ends = np.searchsorted(cell, cell[chosen], "right") - 1
        asked, answered = asked[begins], np.maximum(answered[ends], answered[chosen])
        node, how = node[chosen], how[chosen]
        first = _begins(node, how)
    last = np.append(first[1:], len(asked)) - 1
    until = np.maximum.reduceat(answered, first)
    yield from zip(
        *(one.tolist() for one in (asked[first], until, node[last], how[last])), strict=True
    )


def _begins(node: Numbers, how: Numbers) -> Numbers:
    changes = (node[1:] != node[:-1]) | (how[1:] != how[:-1])
    return np.concatenate(([0], np.flatnonzero(changes) + 1))
