"""What happened in one cluster, and what of it has cost a user its session.

What the node itself says of why it refused (`Operation.code`) goes first: a token that has expired
was not lost with its key. Only where it says no more than that it knows nobody do the outages
between the last good answer and that one decide, as `outages` has it.
"""

from __future__ import annotations

from math import inf
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
    in_short,
)
from sessionlab.lab.verdicts.pins import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

_ODD = {  # refused whatever else happens in the cluster
    *("credential-malformed", "credential-ambiguous", "algorithm-not-allowed", "type-wrong"),
    *("signature-invalid", "token-not-yet-valid", "audience-wrong", "issuer-wrong"),
    "claim-invalid",
}
_TIES = {
    "learn": "no answer set such a cookie",
    "learn-header": "no answer had such a header",
    "header": "no request had such a header",
    "query": "no request had such a parameter",
}
_BACK_IN = ", until they logged in anew"


class Cause(NamedTuple):
    """`end` is what happened to the one node that mattered, `what` that meant, `example` whom.

    `what` is for any number of users (`session{s} {were}`) and of nodes (`{its}`, `{it}`); `more`
    follows it as it is. `short` says all of it in few words, where the node's end does not.
    """

    what: str
    end: Outage | None = None
    more: str = ""
    example: str = ""
    short: str = ""

    def said(self, *, users: int = 2, nodes: int = 1) -> str:
        s, were = ("", "was") if users == 1 else ("s", "were")
        its, it = ("its", "it") if nodes < 2 else ("their", "them")  # noqa: PLR2004
        return self.what.format(s=s, were=were, its=its, it=it) + self.more


class Tale:
    """What happened in one cluster, as far as it can cost somebody a session.

    `tied` is False where its affinity has tied nobody.
    """

    def __init__(self) -> None:
        self.tied = True
        self._affinity = self._algorithm = ""
        self._strategies: Mapping[str, object] = {}
        self._options: Mapping[str, object] = {}
        self._one_key = self._is_ours = True
        self._outages = Outages()

    def hear(self, event: Event) -> None:
        self._outages.hear(event)
        if event.kind == "cluster.starting":
            self._is_ours = not event.data.get("app")
            self._strategies = _mapping(event, "strategies") if self._is_ours else {}
            self._options = _mapping(event, "options")
            self._one_key = event.data.get("one_key") is not False
            self._affinity = str(event.data.get("affinity"))
            self._algorithm = str(event.data.get("algorithm"))

    def why(self, user: User) -> Cause:
        """What led to that user's verdict."""
        at = user.at
        if user.fate is Fate.WRONG_DATA or at is None:
            return Cause("", example=user.says, short=user.says)
        if not is_error(at):
            return self._refused(user, at)
        if user.fate is Fate.STUCK:
            return self._silence(user, at)
        in_memory = self._strategy(at) == "memory" and self._end_of(user, at)
        return self._memory(user, at) if in_memory else self._silence(user, at, _BACK_IN)

    def _refused(self, user: User, at: Operation) -> Cause:
        if at.enters and user.fate is Fate.STUCK:
            return Cause("their login{s} {were} refused", more=f": {at.status} came from {_at(at)}")
        if not at.credential or at.code == "no-credential":
            never = "" if at.credential else " with a single request"
            said = f"what their login had given them was not sent{never}"
            return Cause(said, short="no credential was sent")
        if at.code in _ODD:
            return Cause("their credential{s} {were} refused", more=f": {at.code}")
        if other := self._other_service(user, at):
            return other
        causes = {"memory": self._memory, "redis": self._store, "jwt": self._token}
        otherwise = _unexplained if self._is_ours else self._of_an_app
        return causes.get(self._strategy(at), otherwise)(user, at)

    def _other_service(self, user: User, at: Operation) -> Cause | None:
        """Whether it asked a service that shares no sessions with the one it had been at."""
        asked, own = at.service, (user.home or "").rpartition("-")[0]
        strategies = {self._strategies.get(name) for name in (asked, own)}
        share = strategies == {"redis"} or (strategies == {"jwt"} and self._one_key)
        if asked == own or None in strategies or share:
            return None
        said = f"they asked {asked}, which does not know the sessions of {own}"
        short = "another service was asked"
        return Cause("", more=said, example=_instead(user, at), short=short)

    def _memory(self, user: User, at: Operation) -> Cause:
        end = self._end_of(user, at)
        if self._is_over(user, at, end):
            return self._expired(user, at)
        if end:
            return Cause("their session{s} {were} in {its} memory", end)
        if at.node == user.home:
            return Cause(
                "their node itself knew them no more, their session{s} had ended there",
                short="their node knew them no more",
            )
        has = "has their session{s} in its memory"
        return self._elsewhere(user, at, has, "sent to another node")

    def _elsewhere(self, user: User, at: Operation, has: str, short: str) -> Cause:
        what = f"they were sent to another node than the one that {has}"
        more, example = self._why_there(user, at), _instead(user, at)
        return Cause(what, more=more, example=example, short=short)

    def _why_there(self, user: User, at: Operation) -> str:
        """What led it to another node, if anything should have led it home."""
        kind = self._affinity.partition(":")[0]
        if not self.tied and kind in _TIES:
            return f"; affinity {self._affinity} tied nobody: {_TIES[kind]}"
        changed = self._outages.change(user, at)
        if changed and kind == "none" and "hash" in self._algorithm:
            return f", after {changed}"
        return self._told(user, at)

    def _told(self, user: User, at: Operation) -> str:
        """What the balancer said about the pin that should have led them home, if there was one."""
        if not (at.reason or at.verdict.lstrip("N")):
            return ""
        said = f"; {in_words(at.verdict, at.reason)}"
        lost = self._outages.loss(user, at, BALANCER, user.entered)
        if lost is None or lost.keeps:
            return said
        return f"{said}; it {lost.how} at {lost.moment}"

    def _store(self, user: User, at: Operation) -> Cause:
        away = self._outages.loss(user, at, REDIS)
        if self._is_over(user, at, away):
            return self._expired(user, at)
        if away is None:
            return Cause("Redis had their session{s} no more")
        if away.keeps:
            how = "was away" if away.how in ("stopped", "died", FROZEN) else away.how
            said = f"Redis {how} from {away.moment} on, and a node took that for no session"
            return Cause(said, short=f"Redis {how}")
        return Cause(f"{away}, their session{{s}} {{were}} in it", short=in_short([away]))

    def _is_over(self, user: User, at: Operation, loss: Outage | None) -> bool:
        """Whether the session's time was over before it was lost otherwise."""
        idle, absolute = self._seconds("idle"), self._seconds("absolute")
        over = min(user.since + idle, user.entered + absolute)
        return at.code == "session-expired" or _before(over, at, loss)

    def _expired(self, user: User, at: Operation) -> Cause:
        unused = at.invoked - user.since
        example = _aged(user, at)
        if unused >= self._seconds("idle"):
            example = f"({user.client}: idle for {unused:.1f} s)"
        return Cause("their session{s} had expired", example=example)

    def _token(self, user: User, at: Operation) -> Cause:
        lost = self._outages.loss(user, at, KEYS) if self._one_key else self._end_of(user, at)
        over = at.invoked + (inf if at.token_left is None else at.token_left)
        if at.code == "token-expired" or _before(over + self._seconds("jwt-leeway"), at, lost):
            return Cause("their token{s} had expired", example=_aged(user, at))
        if lost and self._one_key:
            said = f"the key that had signed their token{{s}} was taken away at {lost.moment}"
            return Cause(said, short="their key was taken away")
        if lost:
            return Cause("their token{s} {were} signed with {its} own key", lost)
        if not self._one_key and at.node != user.home:
            signed = "signed their token{s} with a key of its own"
            return self._elsewhere(user, at, signed, "another node, another key")
        if at.code == "key-unknown":
            return Cause("their token{s} {were} signed by a key that is not known there")
        return Cause("their token{s} {were} refused")

    def _of_an_app(self, user: User, at: Operation) -> Cause:
        """Where nothing is known of how a node knows its users, what was seen has to do."""
        if end := self._end_of(user, at):
            return Cause("they had been known there", end)
        if away := self._outages.loss(user, at, REDIS):
            return Cause(f"{away}, and then nobody knew them", short=in_short([away]))
        if at.node is None:
            return Cause("they were not known any more")
        if at.node == user.home:
            return Cause("their node itself knew them no more")
        return self._elsewhere(user, at, "had known them", "sent to another node")

    def _silence(self, user: User, at: Operation, then: str = "") -> Cause:
        found = at.verdict[:1]  # by the balancer
        by_turns = self._affinity == "none" and self._algorithm in TIES_NOTHING
        tied = found in ("D", "V") if found else not by_turns
        in_redis = self._strategy(at) == "redis"
        away = self._outages.silence(user, at, tied=tied, in_redis=in_redis)
        said = f"{at.status} came" if at.status else "no answer came"
        if away is None:
            return Cause(said, more=f" from {_at(at)}{then}")
        if away.part in (BALANCER, REDIS):
            return Cause(f"{away}: {said}{then}", short=in_short([away]))
        if away.part != user.home or (away.keeps and not tied):
            return Cause(said, more=f"{then}; {away}", short=in_short([away]))
        stayed = "and they stayed tied to {it}: " if found and tied else ""
        return Cause(f"{stayed}{said}{then}", away)

    def _end_of(self, user: User, at: Operation) -> Outage | None:
        """What has cost it its node's memory, or its way there, since the last good answer."""
        end = self._outages.loss(user, at, user.home)
        return None if end and end.keeps and at.node == user.home else end

    def _strategy(self, at: Operation) -> str:
        """The strategy of the service that was asked, or the only one."""
        first = next(iter(self._strategies.values()), "")
        return str(self._strategies.get(at.service, first))

    def _seconds(self, option: str) -> float:
        """What the nodes were given; for ever, where nothing is known."""
        given = self._options.get(option)
        try:
            return float(given) if isinstance(given, (int, float, str)) else inf
        except ValueError:
            return inf


NOTHING = Tale()


def _mapping(event: Event, name: str) -> Mapping[str, object]:
    found = event.data.get(name)
    return found if isinstance(found, dict) else {}


def _before(moment: float, at: Operation, loss: Outage | None) -> bool:
    return moment <= min(loss.began if loss else inf, at.invoked)


def _at(at: Operation) -> str:
    return at.node or "the balancer"


def _instead(user: User, at: Operation) -> str:
    return f"({user.client}: {_at(at)} instead of {user.home})"


def _aged(user: User, at: Operation) -> str:
    return f"({user.client}: {at.invoked - user.entered:.1f} s after the login)"


def _unexplained(_: User, at: Operation) -> Cause:
    return Cause("", more=f"{_at(at)} answered {at.status or 'nothing'}")
