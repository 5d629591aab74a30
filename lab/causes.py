"""Why users were logged out, stuck or given wrong data: what the run's events say of the verdicts.

A pure function of verdicts and events. Each sentence is put together from what happened to the
node that a user's session was at, to the store and to the keys, before the answer that it got.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lab.events import Event
from lab.verdicts import Fate, User

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


class Cause(NamedTuple):
    """`end` is what happened to the one node that mattered, `what` that meant, `example` whom."""

    what: str
    end: str = ""
    example: str = ""


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
    ends = sorted(
        {cause.end for cause in causes if cause.end}, key=lambda end: float(end.split()[-2])
    )
    what = causes[0].what
    if len(ends) > 1:
        what = what.replace(" its ", " their ")
    return " ".join(filter(None, [", ".join([*ends, what]), causes[0].example]))


class _Tale:
    """What happened in one cluster, as far as it can cost somebody a session."""

    def __init__(self) -> None:
        self._strategies: Mapping[str, object] = {}
        self._one_key = True
        self._of_nodes: dict[str, list[tuple[float, str]]] = {}
        self._balancer: list[float] = []
        self._redis: list[float] = []
        self._redis_keeps = False
        self._keys: list[float] = []

    def hear(self, event: Event) -> None:
        at = _moment(event)
        if event.kind == "cluster.starting":
            strategies = event.data.get("strategies")
            self._strategies = strategies if isinstance(strategies, dict) else {}
            self._one_key = event.data.get("one_key") is not False
        elif event.kind in _ENDS:
            name = str(event.data.get("node"))
            self._of_nodes.setdefault(name, []).append((at, _ENDS[event.kind]))
        elif event.kind == "redis.stopped":
            self._redis.append(at)
            self._redis_keeps = event.data.get("keeps") is True
        elif event.kind == "keys.retired":
            self._keys.append(at)
        elif event.kind == "balancer.restarted":
            self._balancer.append(at)

    def why(self, user: User) -> Cause:
        """What led to that user's verdict."""
        if user.fate is Fate.WRONG_DATA:
            return Cause("", example=user.says)
        if user.fate is Fate.STUCK:
            return self._stuck(user)
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
        restarted = _last(self._balancer, user)
        return said if restarted is None else f"{said}; it restarted at {restarted:.1f} s"

    def _store(self, user: User) -> Cause:
        stopped = _last(self._redis, user)
        if stopped is None:
            return Cause("Redis had their sessions no more")
        if self._redis_keeps:
            return Cause(
                f"Redis was away from {stopped:.1f} s on, and a node took that for no session"
            )
        return Cause(f"Redis stopped at {stopped:.1f} s, their sessions were in it")

    def _token(self, user: User) -> Cause:
        retired = _last(self._keys, user)
        if retired is not None:
            return Cause(f"the key that had signed their tokens was taken away at {retired:.1f} s")
        if self._one_key or _at(user) == user.home:
            return Cause("their tokens were refused")
        if end := self._end_of(user):
            return Cause("their tokens were signed with its own key", end)
        signed = f"{_ELSEWHERE} that signed their tokens with a key of its own"
        return Cause(signed, example=_instead(user))

    def _stuck(self, user: User) -> Cause:
        status = user.at.status if user.at else None
        said = "no answer came" if status is None else f"{status} came"
        if end := self._end_of(user):
            return Cause(f"and they stayed tied to it: {said}", end)
        stopped = _last(self._redis, user)
        if stopped is not None:
            return Cause(f"Redis stopped at {stopped:.1f} s: {said}")
        return Cause(f"{said} from {_at(user)}")

    def _end_of(self, user: User) -> str:
        """`n2 stopped at 4.0 s`, when the user's node had ended before the answer came."""
        ends = self._of_nodes.get(user.home or "", [])
        before = [(at, how) for at, how in ends if user.at and at <= user.at.completed]
        return f"{user.home} {before[-1][1]} at {before[-1][0]:.1f} s" if before else ""

    def _strategy(self, user: User) -> str:
        """The strategy of the service that was asked: the only one, or the first of the path."""
        path = user.at.path.split("/")[1] if user.at else ""
        return str(self._strategies.get(path) or next(iter(self._strategies.values()), ""))


_ELSEWHERE = "they were sent to another node than the one"
_NOTHING = _Tale()


def _moment(event: Event) -> float:
    """When it was set off, which an answer may be quicker to show than the event itself."""
    began = event.data.get("began")
    return began if isinstance(began, float) else event.at


def _last(moments: Sequence[float], user: User) -> float | None:
    return max((at for at in moments if user.at and at <= user.at.completed), default=None)


def _at(user: User) -> str:
    return (user.at.node if user.at else None) or "the balancer"


def _instead(user: User) -> str:
    return f"({user.client}: {_at(user)} instead of {user.home})"


def _unexplained(user: User) -> Cause:
    return Cause(f"{_at(user)} answered {user.at.status if user.at else 'nothing'}")
