"""What each client asked and what it got, request by request, with a mark where something broke.

A pure function of a history and its events. A request stands where its answer came. An event took
from `began` until it was told, and what was answered well in between still had what then was gone:
so the mark of an end comes after that, and before whatever failed in between. That of a beginning
comes before what was answered well meanwhile, and before any answer of the node that was started.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.classify import is_success, refuses
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.fates import users as judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

_PARTS = ("node", "redis", "balancer", "keys", "link", "part")
_UNMARKED = ("node.drained", "part.log")  # what is seen without, or no news
_HOW = {"paused": "frozen", "resumed": "thawed", "partitioned": "parted", "worsened": "slowed"}
_BEGINNINGS = ("redis.started", "balancer.started")
_NAMES = {"redis": "Redis", "balancer": "balancer", "keys": "keys"}
_UNSAID = ("me", "")  # what needs no word: it is what everybody asks all the time


@dataclass(frozen=True, slots=True)
class Cell:
    """One request and its answer: what was asked, who answered, and how."""

    asked: str
    node: str
    said: str
    well: bool
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened to a part, in seconds into the story."""

    part: str
    how: str
    at: float

    def __str__(self) -> str:
        return f"{self.part} {self.how} at {self.at:.1f} s"


@dataclass(frozen=True, slots=True)
class Strip:
    """All that one client of a cluster asked, in the order of its answers, and the marks."""

    client: str
    steps: Sequence[Cell | Mark]

    @property
    def shape(self) -> tuple[Cell | Mark, ...]:
        """What it has in common with those who fared alike, be it at other nodes and more often."""
        marked = {step.part for step in self.steps if isinstance(step, Mark)}
        alias: dict[str, str] = {}
        shape: list[Cell | Mark] = []
        for step in self.steps:
            alike = step
            if isinstance(step, Cell) and step.node not in marked:
                alike = replace(step, node=alias.setdefault(step.node, f"#{len(alias)}"))
            if not shape or shape[-1] != alike:
                shape.append(alike)
        return tuple(shape)

    @property
    def well(self) -> bool:
        return all(step.well for step in self.steps if isinstance(step, Cell))


def strips(history: Iterable[Operation], events: Iterable[Event]) -> dict[str, list[Strip]]:
    """The strips of each cluster, by its label, the clients in the order in which they came."""
    operations = list(history)
    wrong = {id(user.at) for user in judged(operations) if user.fate is Fate.WRONG_DATA}
    rows: dict[str, dict[tuple[str, int], list[Operation]]] = {}
    for op in sorted(operations, key=lambda op: op.invoked):
        rows.setdefault(op.cluster, {}).setdefault((op.client, op.tab), []).append(op)
    happened = list(events)
    found: dict[str, list[Strip]] = {}
    for cluster, clients in rows.items():
        mine = [event for event in happened if event.data.get("cluster") == cluster]
        heard = sorted(filter(_is_mark, mine), key=lambda event: event.at)
        found[cluster] = [
            Strip(f"{client} ({tab + 1})" if tab else client, _steps(asked, heard, wrong))
            for (client, tab), asked in clients.items()
        ]
    order = [event.data.get("cluster") for event in happened if event.kind == "cluster.starting"]
    return dict(sorted(found.items(), key=lambda it: order.index(it[0]) if it[0] in order else -1))


def chosen(all_of_them: Sequence[Strip], most: int) -> tuple[list[Strip], Counter[str]]:
    """The first few that differ in shape, and how many more are like each, by its client.

    Where some fared well and others did not, both are among them.
    """
    first: dict[tuple[Cell | Mark, ...], Strip] = {}
    like: Counter[str] = Counter()
    for strip in all_of_them:
        shown = first.setdefault(strip.shape, strip)
        like[shown.client] += shown is not strip
    different = list(first.values())
    picked = different[:most]
    for well in (False, True):
        fared = [strip for strip in different if strip.well is well]
        if fared and all(strip.well is not well for strip in picked):
            picked[1:] = [*picked[1 : most - 1], fared[0]]
    picked.sort(key=different.index)
    return picked, Counter({strip.client: like[strip.client] for strip in picked})


def _steps(
    asked: Sequence[Operation], events: Sequence[Event], wrong: set[int]
) -> list[Cell | Mark]:
    steps: list[Cell | Mark] = []
    waiting = list(events)
    for op in sorted(asked, key=lambda op: op.completed):
        cell = _cell(op, wrong=id(op) in wrong)
        while waiting and _precedes(waiting[0], op, cell):
            steps.append(_mark(waiting.pop(0)))
        steps.append(cell)
    return steps + [_mark(event) for event in waiting]


def _precedes(event: Event, op: Operation, cell: Cell) -> bool:
    if event.at <= op.completed:
        return True
    if event.kind in ("node.added", "node.started"):
        return cell.node == event.data.get("node")
    return _began(event) <= op.completed and cell.well is (event.kind in _BEGINNINGS)


def _cell(op: Operation, *, wrong: bool) -> Cell:
    asked = op.path.rpartition("/")[2]
    if asked in _UNSAID and op.method == "GET":
        asked = ""
    elif asked == "cart":
        asked = "cart" if op.method == "GET" else "add"
    well = is_success(op) and not refuses(op) and op.user in (None, op.client) and not wrong
    if op.status is None:
        return Cell(asked, "", "gave up" if op.given_up else "no answer", False, op.direct)
    said = "✓" if well else str(op.status)
    if is_success(op) and not well:
        said = f"as {op.user}" if op.user not in (None, op.client) else "wrong data" * wrong or said
    if not op.credential and not well and asked != "login":
        said += " (sent nothing)"
    return Cell(asked, op.node or "balancer", said, well, op.direct)


def _is_mark(event: Event) -> bool:
    return event.kind.startswith(_PARTS) and event.kind not in _UNMARKED


def _began(event: Event) -> float:
    began = event.data.get("began")
    return began if isinstance(began, float) else event.at


def _mark(event: Event) -> Mark:
    noun, _, verb = event.kind.partition(".")
    parts = event.data.get("parts")
    named = " and ".join(map(str, parts)) if isinstance(parts, list) else event.data.get("part")
    part = str(event.data.get("node") or named or _NAMES.get(noun, noun))
    at = event.at if event.kind in _BEGINNINGS else _began(event)
    return Mark(_NAMES.get(part, part), _HOW.get(verb, verb), at)
