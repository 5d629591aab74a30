"""What was done by hand, in order: a history and events as the steps of a story.

Requests of a tab between two other steps are one step of several, of which each is told as often
as it went on alike, but not more than a few times. A crowd is told in short: it comes, and asks
once more before each thing that is done to the cluster, and at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sessionlab.lab.record.history import ENTRIES, NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

FEW, MOST_ASKED = 6, 40  # times that the same is asked in a row; requests in one step
_REPLICA = 1000  # from which number on a client is none of a tab, but repeats another's requests
_AFTER_LAST = float("inf")
DOES = {
    "node.killed": ("kill({})", "A node was killed"),
    "node.ended": ("kill({})", "A node ended"),
    "node.stopped": ("stop({})", "A node was stopped"),
    "node.started": ("start({})", "The node is back"),
    "node.removed": ("remove_node({})", "A node was removed"),
    "node.draining": ("drain({}, limit=0)", "A node is drained"),
    "node.added": ("add_node()", "There is one node more"),
    "part.paused": ("faults.pause({})", "A part is frozen"),
    "part.resumed": ("faults.resume({})", "It goes on"),
    "balancer.killed": ("kill_balancer()", "The balancer was killed"),
    "balancer.ended": ("kill_balancer()", "The balancer ended"),
    "balancer.started": ("start_balancer()", "The balancer is back"),
    "balancer.restarted": ("restart_balancer()", "The balancer was restarted"),
    "balancer.reloaded": ("reload_balancer()", "The balancer was reloaded"),
    "redis.stopped": ("stop_redis()", "Redis was stopped"),
    "redis.ended": ("stop_redis()", "Redis ended"),
    "redis.started": ("start_redis()", "Redis is back"),
    "deploy": ("deploy({}, {})", "Another version was deployed"),
}
"""What is done to a cluster, by the events of it: what of `Cluster` does it, and in words."""


class Who(NamedTuple):
    """One client; `tab` tells those of one user apart."""

    user: str
    tab: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """Something done to the cluster: the kind of its event, the part, and more that it says."""

    kind: str
    part: str
    began: float
    ended: float
    data: Mapping[str, object] = field(default_factory=dict, repr=False)

    def overlaps(self, operation: Operation) -> bool:
        return operation.invoked < self.ended and self.began < operation.completed


class Asked(NamedTuple):
    """The same request of one client, several times in a row: what came back each time."""

    who: Who
    operations: list[Operation]

    @property
    def operation(self) -> Operation:
        return self.operations[0]


@dataclass(frozen=True, slots=True)
class Asks:
    """What tabs asked one after the other, and last the crowd: its last answers."""

    asked: Sequence[Asked] = ()
    crowd: Sequence[Operation] = ()

    @property
    def answers(self) -> list[tuple[Who, Operation]]:
        """Those that say whether their client is known."""
        telling = filter(says_who, self.asked)
        tabs = [(asked.who, op) for asked in telling for op in asked.operations]
        return [(who, op) for who, op in [*tabs, *((who_(op), op) for op in self.crowd)] if op.who]


@dataclass(frozen=True, slots=True)
class Came:
    """So many of a crowd came, and logged in: `operations`."""

    operations: Sequence[Operation]


Step = Done | Asks | Came | Asked
"""`Asked` by itself is a login or a logout."""


def who_(operation: Operation) -> Who:
    return Who(operation.client, operation.tab)


def steps(history: Iterable[Operation], events: Iterable[Event], tabs: set[Who]) -> list[Step]:
    """All of it, in order; clients that are none of `tabs` are a crowd."""
    own = [op for op in history if not (op.direct or op.given_up) and op.tab < _REPLICA]
    did = done(events)
    found: list[Step] = []
    here = set[Who]()  # of the crowd
    rest = sorted(own, key=lambda op: op.invoked)
    for one in [*did, None]:
        until = one.began if one else _AFTER_LAST
        now = [op for op in rest if op.invoked < until]
        rest = rest[len(now) :]
        found += _phase(now, did, tabs, here)
        found += [one] if one else []
    return found


def done(events: Iterable[Event]) -> list[Done]:
    """What was done to the cluster; what a deploy or a removal consists of is told as that."""
    found: list[Done] = []
    for event in events:
        kind, _, how = event.kind.partition(".")
        last = found[-1] if found else None
        if event.kind == "deploy.started":
            found.append(Done("deploy", "", event.at, _AFTER_LAST, event.data))
        elif kind == "deploy" and last:
            found[-1] = replace(last, part=how, ended=event.at)
        elif event.kind in DOES and not (last and last.ended == _AFTER_LAST):
            part = str(event.data.get(kind) or kind)
            drained = last and last.kind == "node.draining" and last.part == part
            if event.kind == "node.removed" and drained:
                found.pop()
            found.append(Done(event.kind, part, event.began, event.at, event.data))
    return found


def _phase(
    now: Sequence[Operation], did: Sequence[Done], tabs: set[Who], here: set[Who]
) -> list[Step]:
    """What was asked between two things that were done."""
    found: list[Step] = []
    crowd = [op for op in now if who_(op) not in tabs]
    if coming := [op for op in crowd if op.enters and op.recognised and who_(op) not in here]:
        here |= {who_(op) for op in coming}
        found.append(Came(coming))
    undisturbed = [op for op in crowd if not op.enters and not any(d.overlaps(op) for d in did)]
    last = list({who_(op): op for op in undisturbed if who_(op) in here}.values())
    asked: list[Asked] = []
    for op in (op for op in now if who_(op) in tabs):
        if op.conversation in (*ENTRIES, "logout"):
            found += [Asks(_shortened(asked))] if asked else []
            found, asked = [*found, Asked(who_(op), [op])], []
        elif op.conversation == "write" or not any(one.overlaps(op) for one in did):
            _add(asked, op)
    if asked or last:
        found.append(Asks(_shortened(asked), last))
    return found


def _add(asked: list[Asked], op: Operation) -> None:
    before = asked[-1] if asked else None
    same = before and before.who == who_(op) and _what(before.operation) == _what(op)
    if before is None or not same:
        asked.append(Asked(who_(op), [op]))
    elif op.conversation == "write" or len(before.operations) < FEW:
        before.operations.append(op)


def _what(operation: Operation) -> tuple[str, str | None]:
    return operation.conversation, operation.item


def _shortened(asked: Sequence[Asked]) -> list[Asked]:
    """Whoever writes is told whole; of those who only ask, the last of many are left out."""
    room, found = MOST_ASKED, []
    for one in asked:
        if one.operation.conversation == "write" or room > 0:
            found.append(one)
            room -= len(one.operations)
    return found


def says_who(asked: Asked) -> bool:
    """Whether each of its answers says for whom it was, if for anybody."""
    return all(op.who for op in asked.operations)


def is_nobody(operation: Operation) -> bool:
    return operation.who == NOBODY
