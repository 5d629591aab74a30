"""What each client asked and what it got, request by request, with a mark where something broke.

A pure function of a history and its events. A request stands where its answer came. An event took
from `began` until it was told, and what was answered well in between still had what then was gone:
so the mark of an end comes after that, and before whatever failed in between. That of a beginning
comes before what was answered well meanwhile, and before any answer of the node that was started.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from sessionlab.lab.record.history import NOBODY
from sessionlab.lab.verdicts.classify import is_success
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.fates import users as judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

_PARTS = ("node", "redis", "balancer", "keys", "link", "part")
_UNMARKED = ("node.drained", "part.log")  # what is seen without, or no news
_HOW = {
    "ended": "died",
    "paused": "frozen",
    "resumed": "thawed",
    "partitioned": "parted",
    "worsened": "slowed",
}
_BEGINNINGS = ("redis.started", "balancer.started")


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
    """All that one client of a cluster asked, in the order of its answers, and the marks.

    `again`: it is not the first client of its user.
    """

    client: str
    steps: Sequence[Cell | Mark]
    again: bool = False

    @property
    def shape(self) -> tuple[Cell | Mark, ...]:
        """What it has in common with those who fared alike, be it at other nodes and more often."""
        alias = {step.part: step.part for step in self.steps if isinstance(step, Mark)}
        alike = [
            replace(step, node=alias.setdefault(step.node, f"#{len(alias)}"))
            if isinstance(step, Cell)
            else step
            for step in self.steps
        ]
        return tuple(step for step, _ in groupby(alike))

    @property
    def well(self) -> bool:
        return all(step.well for step in self.steps if isinstance(step, Cell))


def strips(history: Iterable[Operation], events: Iterable[Event]) -> dict[str, list[Strip]]:
    """The strips of each cluster, by its label, the clients in the order in which they came."""
    operations, happened = list(history), list(events)
    wrong = {id(user.at) for user in judged(operations) if user.fate is Fate.WRONG_DATA}
    marks: dict[object, list[Event]] = {}
    rows: dict[object, dict[tuple[str, int], list[Operation]]] = {}
    for event in sorted(happened, key=lambda event: event.at):
        if event.kind == "cluster.starting":
            rows[event.data.get("cluster")] = {}
        elif is_change(event):
            marks.setdefault(event.data.get("cluster"), []).append(event)
    for op in sorted(operations, key=lambda op: op.invoked):
        rows.setdefault(op.cluster, {}).setdefault((op.client, op.tab), []).append(op)
    return {
        str(cluster): [
            Strip(
                f"{client} ({tab + 1})" if tab else client,
                _steps(asked, marks.get(cluster, ()), wrong),
                again=tab > 0,
            )
            for (client, tab), asked in clients.items()
        ]
        for cluster, clients in rows.items()
        if clients
    }


def chosen(strips: Iterable[Strip], most: int) -> list[tuple[Strip, int]]:
    """The first few that differ in shape, each with how many more are like it.

    Where some fared well and others did not, both are among them.
    """
    alike: dict[tuple[Cell | Mark, ...], list[Strip]] = {}
    for strip in strips:
        alike.setdefault(strip.shape, []).append(strip)
    different = list(alike.values())
    picked = different[:most]
    for well in (False, True):
        fared = [kind for kind in different if kind[0].well is well]
        if fared and all(kind[0].well is not well for kind in picked):
            picked[1:] = [*picked[1 : most - 1], fared[0]]
    return [(kind[0], len(kind) - 1) for kind in different if kind in picked]


def _steps(
    asked: Sequence[Operation], events: Sequence[Event], wrong: set[int]
) -> list[Cell | Mark]:
    steps: list[Cell | Mark] = []
    waiting = list(events)
    for op in sorted(asked, key=lambda op: op.completed):
        cell = _cell(op, wrong=id(op) in wrong)
        while waiting and _precedes(waiting[0], op, cell):
            steps.append(mark(waiting.pop(0)))
        steps.append(cell)
    return steps + [mark(event) for event in waiting]


def _precedes(event: Event, op: Operation, cell: Cell) -> bool:
    if event.at <= op.completed:
        return True
    if event.kind in ("node.added", "node.started"):
        return cell.node == event.data.get("node")
    return event.began <= op.completed and cell.well is (event.kind in _BEGINNINGS)


def _cell(op: Operation, *, wrong: bool) -> Cell:
    asked = "" if op.conversation == "me" else op.conversation  # what everybody asks all the time
    if asked == "request":
        asked = op.path.rpartition("/")[2]
    if op.status is None and op.given_up:
        return Cell(asked, "", "gave up", False, op.direct)
    if op.status is None and op.who != NOBODY:
        return Cell(asked, "", "no answer", False, op.direct)
    stranger = op.user not in (None, op.client)
    well = is_success(op) and not (stranger or wrong)
    said = "✓" if well else _bad(op)
    if is_success(op) and (stranger or wrong):
        said = f"as {op.user}" if stranger else "wrong data"
    if not op.credential and not well and asked != "login":
        said += " (sent nothing)"
    return Cell(asked, op.node or "balancer", said, well, op.direct)


def _bad(op: Operation) -> str:
    """`401`, or what is wrong with an answer whose status is none of a refusal."""
    if op.status is not None and op.status >= 400:  # noqa: PLR2004
        return str(op.status)
    return "nobody" if op.who == NOBODY else f"{op.status} {op.who}"


def is_change(event: Event) -> bool:
    """Whether a part is no more as it was."""
    return event.kind.startswith(_PARTS) and event.kind not in _UNMARKED


def mark(event: Event) -> Mark:
    """What has happened to which part, and when."""
    noun, _, verb = event.kind.partition(".")
    parts = event.data.get("parts")
    between = " and ".join(map(str, parts)) if isinstance(parts, list) else ""
    part = str(event.data.get("node") or between or event.data.get("part") or noun)
    at = event.at if event.kind in _BEGINNINGS else event.began
    return Mark("Redis" if part == "redis" else part, _HOW.get(verb, verb), at)
