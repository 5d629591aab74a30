"""Users who came back to the node of their session although nothing ties them to it.

A story on sessions that only one node knows can hold by chance: its users happened to be sent back.
A pure function of a history and its events, like the verdicts that it qualifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sessionlab.lab.verdicts.cart import unknown_writes
from sessionlab.lab.verdicts.classify import vouches
from sessionlab.lab.verdicts.fates import Fate, users
from sessionlab.lab.verdicts.outages import BALANCER, REDIS
from sessionlab.lab.verdicts.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

_LEAVES = (
    "node.killed",
    "node.stopped",
    "node.removed",
    "node.ended",
    "node.draining",
    "node.leaving",
    "part.paused",
)
_COMES = ("node.added", "node.started", "node.staying", "part.resumed")
TIES_NOTHING = ("round-robin", "least-connections", "random", "two-choices")


class Chance(NamedTuple):
    """All users of one cluster, and what else they share."""

    cluster: str
    users: int

    def __str__(self) -> str:
        who = "its only user was" if self.users == 1 else f"all {self.users} users were"
        to = "it" if self.users == 1 else "them"
        return (
            f"{who} led back to the node that had made the session, and nothing ties {to}: chance"
        )


def chances(history: Iterable[Operation], events: Iterable[Event]) -> list[Chance]:
    """The clusters whose users all came back without being tied, in their order."""
    grounds: dict[str, _Ground] = {}
    for event in events:
        label = event.data.get("cluster")
        if isinstance(label, str):
            grounds.setdefault(label, _Ground()).hear(event)
    of: dict[str, list[Operation]] = {}
    for operation in history:
        if not operation.direct:
            of.setdefault(operation.cluster, []).append(operation)
    return [
        Chance(label, len({(op.client, op.tab) for op in back}))
        for label, operations in of.items()
        if label in grounds and (back := _led_back(operations, grounds[label]))
    ]


def notes(scenario: str, history: Iterable[Operation], events: Sequence[Event]) -> list[str]:
    """A sentence for each of them, with the name of its setting where there are several.

    And what is not known of their data.
    """
    names, operations = settings(scenario, events), list(history)
    led_back = [
        f"{names[chance.cluster]}: {chance}" if chance.cluster in names else str(chance)
        for chance in chances(operations, events)
    ]
    return [*led_back, *unknown_writes(operations)]


def _led_back(operations: list[Operation], ground: _Ground) -> list[Operation]:
    """What was answered by chance; nothing where anything was tied, or anybody not kept."""
    if any(user.fate is not Fate.KEPT for user in users(operations)):
        return []
    asked = [
        op
        for op in operations
        if vouches(op) and op.credential and op.conversation not in ("connect", "login", "logout")
    ]
    if any(ground.ties(op) for op in asked):
        return []
    return [op for op in asked if ground.choice(op) > 1]


class _Ground:
    """What one cluster is made of, and which of its nodes could be sent a new client when."""

    def __init__(self) -> None:
        self._description: Mapping[str, object] = {}
        self._open: list[tuple[float, frozenset[str]]] = [(0.0, frozenset())]

    def hear(self, event: Event) -> None:
        nodes = self._open[-1][1]
        node = str(event.data.get(event.kind.partition(".")[0]))
        if event.kind == "cluster.starting":
            self._description = event.data
        elif event.kind == "cluster.ready" and isinstance(ready := event.data.get("nodes"), list):
            self._open.append((event.at, frozenset(map(str, ready))))
        elif event.kind in _LEAVES:
            self._open.append((event.at, nodes - {node}))
        elif event.kind in _COMES and node not in (BALANCER, REDIS):
            self._open.append((event.at, nodes | {node}))

    def ties(self, operation: Operation) -> bool:
        """Whether anything leads such a request to one node, or every node knows its session."""
        said = self._description
        if said.get("algorithm") not in TIES_NOTHING or not self._one_node_knows(operation):
            return True
        if operation.verdict:  # what the balancer has found
            return not operation.verdict.startswith("N")
        return said.get("affinity") != "none" if operation.tie is None else operation.tie

    def choice(self, operation: Operation) -> int:
        """How many nodes the balancer could have sent it to."""
        nodes = next(nodes for at, nodes in reversed(self._open) if at <= operation.invoked)
        several = len(self._strategies) > 1
        kin = _service(operation.node or "") if several else ""
        return sum(not several or _service(node) == kin for node in nodes)

    def _one_node_knows(self, operation: Operation) -> bool:
        strategy = self._strategies.get(operation.service) or next(
            iter(self._strategies.values()), ""
        )
        one_key = self._description.get("one_key") is not False
        return strategy == "memory" or (strategy == "jwt" and not one_key)

    @property
    def _strategies(self) -> Mapping[str, object]:
        found = self._description.get("strategies")
        return found if isinstance(found, dict) else {}


def _service(node: str) -> str:
    """`orders` of `orders-n1`."""
    return node.rpartition("-")[0]
