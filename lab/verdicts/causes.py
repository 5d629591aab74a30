"""Why users were logged out, stuck or given wrong data: what the run's events say of the verdicts.

A pure function of verdicts and events. Each sentence is put together from what happened to the
node that a user's session was at, to the balancer, the store and the keys, between its last good
answer and the one at which it was lost. What "between" means for requests that were under way is
written down in `sessionlab.lab.verdicts.outages`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sessionlab.lab.verdicts.chance import TIES_NOTHING
from sessionlab.lab.verdicts.classify import is_error
from sessionlab.lab.verdicts.fates import Fate, User
from sessionlab.lab.verdicts.outages import (
    BALANCER,
    FROZEN,
    KEYS,
    REDIS,
    Outage,
    Outages,
    in_order,
    in_short,
    told,
)
from sessionlab.lab.verdicts.pins import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


class Cause(NamedTuple):
    """`end` is what happened to the one node that mattered, `what` that meant, `example` whom.

    `short` says it in few words, where the node's end does not.
    """

    what: str
    end: Outage | None = None
    example: str = ""
    short: str = ""


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
        Loss(cluster, len(of_a_kind), of[cluster], fate, _sentence(of_a_kind), _short(of_a_kind))
        for (cluster, fate, _), of_a_kind in causes.items()
    ]
    order = list(tales)
    return sorted(found, key=lambda loss: order.index(loss.cluster) if loss.cluster in tales else 0)


def _sentence(causes: Sequence[Cause]) -> str:
    """What they have in common, after the nodes' ends in the order of their moments."""
    ends = in_order(cause.end for cause in causes)
    what = causes[0].what
    if len(ends) > 1:
        what = what.replace(" its ", " their ").replace(" to it:", " to them:")
    what = ", ".join(filter(None, [told(ends) if ends else "", what]))
    said = " ".join(filter(None, [what, causes[0].example]))
    return _singular(said) if len(causes) == 1 else said


def _short(causes: Sequence[Cause]) -> str:
    ends = in_order(cause.end for cause in causes)
    return in_short(ends) if ends else causes[0].short or causes[0].what


def _singular(said: str) -> str:
    for what in ("session", "token"):
        said = said.replace(f"their {what}s were", f"their {what} was")
        said = said.replace(f"their {what}s", f"their {what}")
    return said


class _Tale:
    """What happened in one cluster, as far as it can cost somebody a session."""

    def __init__(self) -> None:
        self._strategies: Mapping[str, object] = {}
        self._one_key = self._ties = True
        self._outages = Outages()

    def hear(self, event: Event) -> None:
        self._outages.hear(event)
        if event.kind == "cluster.starting":
            strategies = event.data.get("strategies")
            self._strategies = strategies if isinstance(strategies, dict) else {}
            self._one_key = event.data.get("one_key") is not False
            by_turns = event.data.get("algorithm") in TIES_NOTHING
            self._ties = not (event.data.get("affinity") == "none" and by_turns)

    def why(self, user: User) -> Cause:
        """What led to that user's verdict."""
        if user.fate is Fate.WRONG_DATA:
            return Cause("", example=user.says, short=user.says)
        if user.fate is Fate.STUCK:
            return self._silence(user)
        if user.at is not None and is_error(user.at):
            if self._strategy(user) == "memory" and self._end_of(user):
                return self._memory(user)
            return self._silence(user, ", until they logged in anew")
        if user.at is not None and not user.at.credential:
            return Cause(
                "what their login had given them was not sent with a single request",
                short="no credential was sent",
            )
        causes = {"memory": self._memory, "redis": self._store, "jwt": self._token}
        return causes.get(self._strategy(user), _unexplained)(user)

    def _memory(self, user: User) -> Cause:
        end = self._end_of(user)
        if end and (end.how != FROZEN or _at(user) != user.home):
            return Cause("their sessions were in its memory", end)
        if _at(user) == user.home:
            return Cause(
                "their node itself knew them no more, their sessions had ended there",
                short="their node knew them no more",
            )
        has = f"{_ELSEWHERE} that has their sessions in its memory{self._told(user)}"
        return Cause(has, example=_instead(user), short="sent to another node")

    def _told(self, user: User) -> str:
        """What the balancer said about the pin that should have led them home, if there was one."""
        if user.at is None or not (user.at.reason or user.at.verdict.lstrip("N")):
            return ""
        said = f"; {in_words(user.at.verdict, user.at.reason)}"
        lost = self._outages.loss(user, BALANCER, user.entered)
        if lost is None or lost.how == FROZEN:
            return said
        return f"{said}; it {lost.how} at {lost.moment}"

    def _store(self, user: User) -> Cause:
        away = self._outages.loss(user, REDIS)
        if away is None:
            return Cause("Redis had their sessions no more")
        if away.keeps:
            return Cause(
                f"Redis was away from {away.moment} on, and a node took that for no session",
                short="Redis was away",
            )
        return Cause(f"{away}, their sessions were in it", short=in_short([away]))

    def _token(self, user: User) -> Cause:
        if lost := self._outages.loss(user, KEYS):
            return Cause(
                f"the key that had signed their tokens was taken away at {lost.moment}",
                short="their key was taken away",
            )
        if self._one_key or _at(user) == user.home:
            return Cause("their tokens were refused")
        if end := self._end_of(user):
            return Cause("their tokens were signed with its own key", end)
        signed = f"{_ELSEWHERE} that signed their tokens with a key of its own"
        return Cause(signed, example=_instead(user), short="another node, another key")

    def _silence(self, user: User, then: str = "") -> Cause:
        said = f"{_said(user)}{then}"
        at = user.at
        found = at.verdict[:1] if at else ""  # by the balancer
        tied = found in ("D", "V") if found else self._ties
        in_redis = self._strategy(user) == "redis"
        away = self._outages.silence(user, tied=tied, in_redis=in_redis)
        if away is None:
            return Cause(f"{_said(user)} from {_at(user)}{then}")
        if away.part in (BALANCER, REDIS):
            return Cause(f"{away}: {said}", short=in_short([away]))
        if away.part != user.home or (away.how == FROZEN and not tied):
            return Cause(f"{said}; {away}", short=in_short([away]))
        return Cause(f"and they stayed tied to it: {said}" if found and tied else said, away)

    def _end_of(self, user: User) -> Outage | None:
        """What happened to the user's node between its last good answer and its loss."""
        return self._outages.loss(user, user.home)

    def _strategy(self, user: User) -> str:
        """The strategy of the service that was asked: the only one, or the first of the path."""
        path = user.at.path.split("/")[1] if user.at else ""
        return str(self._strategies.get(path) or next(iter(self._strategies.values()), ""))


_ELSEWHERE = "they were sent to another node than the one"
_NOTHING = _Tale()


def _said(user: User) -> str:
    status = user.at.status if user.at else None
    return "no answer came" if status is None else f"{status} came"


def _at(user: User) -> str:
    return (user.at.node if user.at else None) or "the balancer"


def _instead(user: User) -> str:
    return f"({user.client}: {_at(user)} instead of {user.home})"


def _unexplained(user: User) -> Cause:
    return Cause(f"{_at(user)} answered {user.at.status if user.at else 'nothing'}")
