"""When parts of a cluster were away, and which requests that can have harmed.

A request takes time, and so does an end: from `began`, when it was set off, until the event, which
is told when it has happened. Between the two, answers can show either. Hence the rule:

* A good answer clears an outage only when its request *began* after that was over. One that was
  under way when the outage came may have been looked up before it.
* What had begun before a bad answer's request is preferred as its cause. What came while the
  request was under way counts only when there is nothing earlier: any end can reach such a request
  (SIGKILL cuts it, SIGTERM finds it on its way to the node, a store is asked late, and a balancer
  or a client sends it a second time).
* Memory is lost once: the first of several outages has done it. Silence is of the last.
* A node's end explains the silence of the node that a request was for, and nothing that another
  node has answered.
* Not so the end of the node that gave the answer, unless that was an error: it outlived it.
* An outage that is over explains lost memory for ever, but silence only of what was asked before;
  a part that was only frozen, cut off or full, or a Redis that keeps its data, has lost no memory.
* A balancer that is away says nothing: whatever came, came while there was one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.classify import is_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.verdicts.fates import User

BALANCER, REDIS, KEYS, CLIENTS = "balancer", "redis", "keys", "clients"
FROZEN, FULL, READ_ONLY, SLOW = "was frozen", "was full", "was read-only", "was slow"
CUT_OFF, RESETS, REFUSALS = "could not be reached", "was cut off by resets", "refused writes"
_GATEWAY_TIMEOUT = 504
_ENDS = {
    "node.killed": "was killed",
    "node.stopped": "stopped",
    "node.removed": "was removed",
    "node.ended": "died",
    "balancer.killed": "was killed",
    "balancer.restarted": "restarted",
    "balancer.ended": "died",
    "balancer.stopped": "stopped",
    "redis.stopped": "stopped",
    "redis.ended": "died",
    "redis.flushed": "was flushed",
    "redis.full": FULL,
    "redis.readonly": READ_ONLY,
    "redis.slow": SLOW,
    "link.partitioned": CUT_OFF,
    "part.paused": FROZEN,
    "keys.retired": "retired",
}
_COMES = {"node.added": "was added", "node.started": "was started again"}
_IMPAIRS = {"half-open": CUT_OFF, "reset": RESETS, "readonly": REFUSALS, "full": REFUSALS}
"""What a rule of a link makes of the part that it leads to."""
_BEGINNINGS = ("node.started", "balancer.started", "redis.started")
_UNDOES = {
    "part.resumed": (FROZEN,),
    "redis.roomy": (FULL,),
    "redis.writable": (READ_ONLY,),
    "redis.quick": (SLOW,),
    "link.joined": (CUT_OFF,),
    "link.repaired": (CUT_OFF, RESETS, REFUSALS),
}
_AT_ONCE = ("balancer.restarted", "redis.flushed")


@dataclass(frozen=True, slots=True)
class Outage:
    """What happened to a part, set off at `began`, over by `told`; undone at `back`, if ever.

    Also that a node came (`change`). `keeps` says that it has what was in its memory again once it
    is back; whoever came at `spares` or later has lost nothing by it.
    """

    part: str
    how: str
    began: float
    told: float
    back: float = inf
    keeps: bool = False
    spares: float = inf

    @property
    def name(self) -> str:
        return {BALANCER: "the balancer", REDIS: "Redis"}.get(self.part, self.part)

    @property
    def moment(self) -> str:
        return f"{self.began:.1f} s into the story"

    def __str__(self) -> str:
        return f"{self.name} {self.how} at {self.moment}"

    def precedes(self, operation: Operation) -> bool:
        return self.began <= operation.invoked

    def lasts(self, operation: Operation) -> bool:
        """Whether it was not over yet when that was asked."""
        return operation.invoked < self.back

    def may_explain(self, operation: Operation, since: float) -> bool:
        """Whether it lies between a good answer to what was asked at `since` and this one."""
        outlived = operation.node == self.part and not is_error(operation)
        if outlived and not self.precedes(operation):
            return False
        return since < self.told and self.began <= operation.completed


class Outages:
    """All outages of one cluster, by the part that they befell."""

    def __init__(self) -> None:
        self._of: dict[str, list[Outage]] = {}
        self._changes: list[Outage] = []  # of which nodes there are
        self._rotated = inf
        self._keeps = False

    def hear(self, event: Event) -> None:
        kind = event.kind.partition(".")[0]
        part = _part(kind, event.data)
        if how := (_ENDS | _COMES).get(event.kind) or _impaired(event):
            back = event.at if event.kind in _AT_ONCE else inf
            is_away = how == FROZEN or kind == "link"
            keeps = is_away or event.data.get("keeps", part == REDIS and self._keeps) is True
            spares = self._rotated if part == KEYS else inf
            outage = Outage(part, how, event.began, event.at, back, keeps, spares)
            if kind == "node":
                self._changes.append(outage)
            if event.kind not in _COMES:
                self._of.setdefault(part, []).append(outage)
        if event.kind in _BEGINNINGS or event.kind in _UNDOES:
            self._of[part] = [_ended(one, event) for one in self._of.get(part, ())]
        elif event.kind == "cluster.starting":
            self._keeps = event.data.get("redis_keeps") is True
        elif event.kind == "keys.rotated":
            self._rotated = event.at

    def loss(
        self, user: User, at: Operation, part: str | None, since: float | None = None
    ) -> Outage | None:
        """What has cost a user what that part had in memory: the first such, or why it is away.

        Since its last good answer, when no other moment is given.
        """
        found = [
            one
            for one in self._of.get(part or "", ())
            if one.may_explain(at, user.since if since is None else since)
            and user.entered < one.spares
            and (one.lasts(at) or not one.keeps)
        ]
        return min(
            found, key=lambda one: (not one.precedes(at), one.keeps, one.began), default=None
        )

    def change(self, user: User, at: Operation) -> Outage | None:
        """Which node came or went last before that, since all was well."""
        changes = [one for one in self._changes if one.may_explain(at, user.since)]
        return max(changes, key=lambda one: one.began, default=None)

    def silence(self, user: User, at: Operation, *, tied: bool, in_redis: bool) -> Outage | None:
        """What explains best why a user got an error, or no answer at all.

        `tied`: its requests are for the node that it had been at.
        """
        last = {part: self._away(user, at, part) for part in self._of}
        redis = last.get(REDIS) if in_redis else None
        home = last.get(user.home or "") if at.node in (None, user.home) else None
        found = [home, redis] if tied else [redis, home]
        if at.status in (None, _GATEWAY_TIMEOUT):
            frozen = [one for one in last.values() if one and one.how in (FROZEN, CUT_OFF)]
            frozen = [one for one in frozen if one.part not in (BALANCER, REDIS)]
            found = [*(found if tied else found[:1]), *frozen, *found]
        if at.status is None:
            found = [last.get(BALANCER), *found]
        there = [one for one in found if one]
        return next((one for one in there if one.precedes(at)), next(iter(there), None))

    def _away(self, user: User, at: Operation, part: str) -> Outage | None:
        """The last time that a part went, if it was not back when the user asked."""
        ends = [one for one in self._of[part] if one.may_explain(at, user.since) and one.lasts(at)]
        return max(ends, key=lambda one: (one.precedes(at), one.began), default=None)


def _part(kind: str, data: Mapping[str, object]) -> str:
    """The part that such an event is about; of two with a link between them the one it leads to."""
    if kind != "link":
        return str(data.get(kind)) if kind in ("node", "part") else kind
    parts = data.get("parts")
    ends = list(map(str, parts)) if isinstance(parts, list) else []
    if REDIS in ends or CLIENTS in ends:
        return REDIS if REDIS in ends else BALANCER
    return next((end for end in ends if end != BALANCER), "")


def _impaired(event: Event) -> str | None:
    return _IMPAIRS.get(str(event.data.get("rule"))) if event.kind == "link.impaired" else None


def _ended(outage: Outage, event: Event) -> Outage:
    """An outage after a part was started, or only let go on; a link outlives both its ends."""
    of_links = (CUT_OFF, RESETS, REFUSALS)
    undone = _UNDOES.get(event.kind)
    over = outage.how in undone if undone else outage.how not in of_links
    return replace(outage, back=min(outage.back, event.at)) if over else outage


def in_order(outages: Iterable[Outage | None]) -> Sequence[Outage]:
    """Each once, by its moment."""
    return sorted({one for one in outages if one}, key=lambda one: (one.began, one.part))


def told(outages: Iterable[Outage]) -> str:
    """`n1 was killed at 1.6 s, n2 at 2.2 s into the story`."""
    said, how = [], ""
    for one in outages:
        what = one.name if one.how == how else f"{one.name} {one.how}"
        said.append(f"{what} at {one.began:.1f} s")
        how = one.how
    return f"{', '.join(said)} into the story"


def in_short(outages: Iterable[Outage]) -> str:
    """`n1, n2 were killed`."""
    of: dict[str, dict[str, None]] = {}
    for one in outages:
        of.setdefault(one.how, {})[one.name] = None
    return ", ".join(
        f"{', '.join(names)} {how.replace('was ', 'were ') if len(names) > 1 else how}"
        for how, names in of.items()
    )
