"""Why users were logged out, stuck or given wrong data: what the run's events say of the verdicts.

A pure function of verdicts and events. Each sentence is put together from what happened to the
node that a user's session was at, to the store and to the keys, before the answer that it got.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sessionlab.lab.events import Event
from sessionlab.lab.verdicts.classify import is_error
from sessionlab.lab.verdicts.fates import Fate, User

LOSSES = (Fate.LOGGED_OUT, Fate.STUCK, Fate.WRONG_DATA)
_ENDS = {"node.killed": "was killed", "node.stopped": "stopped", "node.removed": "was removed"}


@dataclass(frozen=True, slots=True)
class Loss:
    """Of the users of a cluster so many fared like that, and why."""

    cluster: str
    users: int
    of: int
    fate: Fate
    why: str

    def __str__(self) -> str:
        how = "got wrong data" if self.fate is Fate.WRONG_DATA else self.fate
        return f"{self.users} of {self.of} users {how}: {self.why}"


class End(NamedTuple):
    """What happened to a node, and when."""

    at: float
    node: str
    how: str

    def __str__(self) -> str:
        return f"{self.node} {self.how} at {self.at:.1f} s"


class Cause(NamedTuple):
    """`end` is what happened to the one node that mattered, `what` that meant, `example` whom."""

    what: str
    end: End | None = None
    example: str = ""


class Span(NamedTuple):
    """From when something was set off until it was over: in between, answers can show either."""

    began: float
    over: float

    def explains(self, user: User, since: float) -> bool:
        """Whether it is later than that, and not later than what happened to the user."""
        return user.at is not None and since < self.over and self.began <= user.at.completed


def losses(users: Sequence[User], events: Iterable[Event]) -> list[Loss]:
    """A sentence for each cluster, verdict and kind of cause, in the order of the clusters."""
    tales: dict[str, _Tale] = {}
    for event in events:
        label = event.data.get("cluster")
        if isinstance(label, str):
            tales.setdefault(label, _Tale()).hear(event)
    of = Counter(user.cluster for user in users)
    causes: dict[tuple[str, Fate, str], list[Cause]] = {}
    for user in users:
        if user.fate in LOSSES:
            cause = tales.get(user.cluster, _NOTHING).why(user)
            causes.setdefault((user.cluster, user.fate, cause.what), []).append(cause)
    found = [
        Loss(cluster, len(of_a_kind), of[cluster], fate, _sentence(of_a_kind))
        for (cluster, fate, _), of_a_kind in causes.items()
    ]
    order = list(tales)
    return sorted(found, key=lambda loss: order.index(loss.cluster) if loss.cluster in tales else 0)


def _sentence(causes: Sequence[Cause]) -> str:
    """What they have in common, after the nodes' ends in the order of their moments."""
    ends = sorted({cause.end for cause in causes if cause.end})
    what = causes[0].what
    if len(ends) > 1:
        what = what.replace(" its ", " their ")
    return " ".join(filter(None, [", ".join([*map(str, ends), what]), causes[0].example]))


class _Tale:
    """What happened in one cluster, as far as it can cost somebody a session."""

    def __init__(self) -> None:
        self._strategies: Mapping[str, object] = {}
        self._one_key = True
        self._of_nodes: dict[str, list[tuple[Span, str]]] = {}
        self._balancer: list[Span] = []
        self._redis: list[Span] = []
        self._redis_keeps = False
        self._keys: list[Span] = []

    def hear(self, event: Event) -> None:
        span = _span(event)
        if event.kind == "cluster.starting":
            strategies = event.data.get("strategies")
            self._strategies = strategies if isinstance(strategies, dict) else {}
            self._one_key = event.data.get("one_key") is not False
        elif event.kind in _ENDS:
            name = str(event.data.get("node"))
            self._of_nodes.setdefault(name, []).append((span, _ENDS[event.kind]))
        elif event.kind == "redis.stopped":
            self._redis.append(span)
            self._redis_keeps = event.data.get("keeps") is True
        elif event.kind == "keys.retired":
            self._keys.append(span)
        elif event.kind == "balancer.restarted":
            self._balancer.append(span)

    def why(self, user: User) -> Cause:
        """What led to that user's verdict."""
        if user.fate is Fate.WRONG_DATA:
            return Cause("", example=user.says)
        if user.fate is Fate.STUCK:
            return self._stuck(user)
        if user.at is not None and is_error(user.at) and self._end_of(user) is None:
            return Cause(f"{_said(user)} from {_at(user)}, until they logged in anew")
        if user.at is not None and not user.at.credential:
            return Cause("what their login had given them was not sent with a single request")
        told = {"memory": self._memory, "redis": self._store, "jwt": self._token}
        return told.get(self._strategy(user), _unexplained)(user)

    def _memory(self, user: User) -> Cause:
        if end := self._end_of(user):
            return Cause("their sessions were in its memory", end)
        if _at(user) == user.home:
            return Cause("their node itself knew them no more, their sessions had ended there")
        has = f"{_ELSEWHERE} that has their sessions in its memory{self._told(user)}"
        return Cause(has, example=_instead(user))

    def _told(self, user: User) -> str:
        """What the balancer said about the pin that should have led them home, if there was one."""
        if user.at is None or not (user.at.reason or user.at.verdict.lstrip("N")):
            return ""
        said = f"; the balancer says: {user.at.verdict}, {user.at.reason or 'no reason'}"
        restarted = _last(self._balancer, user, user.entered)
        return said if restarted is None else f"{said}; it restarted at {restarted:.1f} s"

    def _store(self, user: User) -> Cause:
        stopped = _last(self._redis, user, user.since)
        if stopped is None:
            return Cause("Redis had their sessions no more")
        if self._redis_keeps:
            return Cause(
                f"Redis was away from {stopped:.1f} s on, and a node took that for no session"
            )
        return Cause(f"Redis stopped at {stopped:.1f} s, their sessions were in it")

    def _token(self, user: User) -> Cause:
        retired = _last(self._keys, user, user.since)
        if retired is not None:
            return Cause(f"the key that had signed their tokens was taken away at {retired:.1f} s")
        if self._one_key or _at(user) == user.home:
            return Cause("their tokens were refused")
        if end := self._end_of(user):
            return Cause("their tokens were signed with its own key", end)
        signed = f"{_ELSEWHERE} that signed their tokens with a key of its own"
        return Cause(signed, example=_instead(user))

    def _stuck(self, user: User) -> Cause:
        said = _said(user)
        if end := self._end_of(user):
            tied = user.at is not None and user.at.verdict.startswith(("D", "V"))
            return Cause(f"and they stayed tied to it: {said}" if tied else said, end)
        stopped = _last(self._redis, user, user.since)
        if stopped is not None:
            return Cause(f"Redis stopped at {stopped:.1f} s: {said}")
        return Cause(f"{said} from {_at(user)}")

    def _end_of(self, user: User) -> End | None:
        """The last end of the user's node between its last good answer and what happened to it."""
        home = user.home or ""
        ends = [
            End(span.began, home, how)
            for span, how in self._of_nodes.get(home, [])
            if span.explains(user, user.since)
        ]
        return max(ends, default=None)

    def _strategy(self, user: User) -> str:
        """The strategy of the service that was asked: the only one, or the first of the path."""
        path = user.at.path.split("/")[1] if user.at else ""
        return str(self._strategies.get(path) or next(iter(self._strategies.values()), ""))


_ELSEWHERE = "they were sent to another node than the one"
_NOTHING = _Tale()


def _span(event: Event) -> Span:
    """An answer may be quicker to show what was set off than the event, which comes after it."""
    began = event.data.get("began")
    return Span(began if isinstance(began, float) else event.at, event.at)


def _last(spans: Sequence[Span], user: User, since: float) -> float | None:
    return max((span.began for span in spans if span.explains(user, since)), default=None)


def _said(user: User) -> str:
    status = user.at.status if user.at else None
    return "no answer came" if status is None else f"{status} came"


def _at(user: User) -> str:
    return (user.at.node if user.at else None) or "the balancer"


def _instead(user: User) -> str:
    return f"({user.client}: {_at(user)} instead of {user.home})"


def _unexplained(user: User) -> Cause:
    return Cause(f"{_at(user)} answered {user.at.status if user.at else 'nothing'}")
