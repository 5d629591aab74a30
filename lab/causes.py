"""Why users were logged out, stuck or given wrong data: what the run's events say of the verdicts.

A pure function of verdicts and events. Each sentence is put together from what happened to the
node that a user's session was at, to the store and to the keys, before the answer that it got.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


def losses(users: Sequence[User], events: Iterable[Event]) -> list[Loss]:
    """One sentence for each cluster, verdict and cause, in the order of the clusters."""
    tales: dict[str, _Tale] = {}
    for event in events:
        label = event.data.get("cluster")
        if isinstance(label, str):
            tales.setdefault(label, _Tale()).hear(event)
    of = Counter(user.cluster for user in users)
    counts: Counter[tuple[str, Fate, str]] = Counter()
    examples: dict[tuple[str, Fate, str], str] = {}
    for user in users:
        if user.fate in LOSSES:
            tale = tales.get(user.cluster, _NOTHING)
            why, example = tale.why(user)
            key = (user.cluster, user.fate, why)
            counts[key] += 1
            examples.setdefault(key, example)
    return [
        Loss(cluster, count, of[cluster], fate, " ".join(filter(None, [why, examples[key]])))
        for key, count in counts.items()
        for cluster, fate, why in [key]
    ]


class _Tale:
    """What happened in one cluster, as far as it can cost somebody a session."""

    def __init__(self) -> None:
        self._strategies: Mapping[str, object] = {}
        self._one_key = True
        self._of_nodes: dict[str, list[tuple[float, str]]] = {}
        self._balancer: list[float] = []
        self._redis: list[float] = []
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
        elif event.kind == "keys.retired":
            self._keys.append(at)
        elif event.kind == "balancer.restarted":
            self._balancer.append(at)

    def why(self, user: User) -> tuple[str, str]:
        """What led to that user's verdict, and what of it is this user's own."""
        if user.fate is Fate.WRONG_DATA:
            return "", user.says
        if user.fate is Fate.STUCK:
            return self._stuck(user), ""
        told = {"memory": self._memory, "redis": self._store, "jwt": self._token}
        why = told.get(self._strategy(user), _unexplained)(user)
        elsewhere = f"({user.client}: {_at(user)} instead of {user.home})"
        return why, elsewhere if why.startswith(_ELSEWHERE) else ""

    def _memory(self, user: User) -> str:
        if end := self._end_of(user):
            return f"{end}, their sessions were in its memory"
        if _at(user) == user.home:
            return f"{user.home} itself knew them no more: their sessions had ended there"
        return f"{_ELSEWHERE} that has their sessions in its memory{self._told(user)}"

    def _told(self, user: User) -> str:
        """What the balancer said about the pin that should have led them home."""
        if user.at is None or not (user.at.verdict or user.at.reason):
            return ""
        said = f"; the balancer says: {user.at.verdict}, {user.at.reason or 'no reason'}"
        restarted = _last(self._balancer, user)
        return said if restarted is None else f"{said}; it restarted at {restarted:.1f} s"

    def _store(self, user: User) -> str:
        stopped = _last(self._redis, user)
        if stopped is None:
            return "Redis had their sessions no more"
        return f"Redis stopped at {stopped:.1f} s, their sessions were in it"

    def _token(self, user: User) -> str:
        retired = _last(self._keys, user)
        if retired is not None:
            return f"the key that had signed their tokens was taken away at {retired:.1f} s"
        if not self._one_key and _at(user) != user.home:
            signed = "signed their tokens with a key of its own"
            end = self._end_of(user)
            return f"{end}, which had {signed}" if end else f"{_ELSEWHERE} that {signed}"
        return "their tokens were refused"

    def _stuck(self, user: User) -> str:
        said = "no answer came" if user.at and user.at.status is None else f"{_status(user)}"
        stopped = _last(self._redis, user)
        cause = self._end_of(user)
        if cause:
            return f"{cause}, and they stayed tied to it: {said}"
        if stopped is not None:
            return f"Redis stopped at {stopped:.1f} s: {said}"
        return f"{said} from {_at(user)}"

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


def _status(user: User) -> str:
    return f"{user.at.status if user.at else 'nothing'} came"


def _unexplained(user: User) -> str:
    return f"{_at(user)} answered {user.at.status if user.at else 'nothing'}"
