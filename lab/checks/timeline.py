"""What a run's events say of when something was broken, and which nodes there were when.

An experiment's faults are told as such (`fault.began`, `fault.ended`), and so are deploys; what
befell a part outside of these is a fault of its own. Times are seconds since the workload, or the
story, began.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.story_time import since

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.events import Event

    Told = Iterator[tuple[tuple[str, str], "Window | None"]]
    """What begins or (None) ends, by its name and part."""

_ENDS = {
    "node.killed": "killed",
    "node.stopped": "stopped",
    "node.removed": "removed",
    "node.ended": "died",
    "balancer.killed": "killed",
    "balancer.restarted": "restarted",
    "balancer.ended": "died",
    "balancer.stopped": "stopped",
    "redis.stopped": "stopped",
    "redis.ended": "died",
    "part.paused": "frozen",
}
_BACK = ("node.started", "balancer.started", "redis.started", "part.resumed")
_AT_ONCE = ("node.removed", "balancer.restarted")  # over when they are told
_LEAVES = ("node.draining", "node.leaving")
_COMES = ("node.added", "node.started", "node.staying", "part.resumed")
_TOUCHES_ALL = ("", "balancer", "redis")
"""Parts whose faults can part a client from any node: one whose store is away is not ready."""


@dataclass(frozen=True, slots=True)
class Window:
    """Something that was broken, from when to when (infinite: to the end).

    `until` is when the next one began, or its own end where that is later.
    """

    what: str
    part: str
    began: float
    ended: float = inf
    until: float = inf

    def __str__(self) -> str:
        return f"{self.what} {self.part}".rstrip() + f" at {self.began:.1f} s"

    def covers(self, other: Window) -> bool:
        """Whether the other began meanwhile, so that it is a part of this one."""
        return self.began <= other.began <= self.ended

    def touches(self, node: str) -> bool:
        """Whether it can part a client from that node."""
        return self.part == node or self.part in _TOUCHES_ALL


def faults(about: About) -> list[Window]:
    """The faults and deploys of a run, and what else befell a part, by when they began."""
    found: list[Window] = []
    for told in (_named, _deploys, _of_parts):
        inner = _paired(_events(about), told)
        found += [one for one in inner if not any(it.covers(one) for it in found)]
    found = sorted(filter(_breaks, found), key=lambda one: one.began)
    after = [*(one.began for one in found[1:]), inf]
    return [
        replace(one, until=max(one.ended, then)) for one, then in zip(found, after, strict=False)
    ]


def outages(about: About) -> list[Window]:
    """Whatever can explain that a client has left a node: faults, ends, and drains."""
    drains = _paired(_events(about), _drains)
    parts = _paired(_events(about), _of_parts)
    named = _paired(_events(about), _named)
    return [*filter(_breaks, named), *_paired(_events(about), _deploys), *parts, *drains]


def changes(about: About) -> list[Window]:
    """When a node came or went, in order; `ended` is when that was done."""
    found = [
        Window(event.kind.partition(".")[2], str(event.data.get("node")), event.began, event.at)
        for event in _events(about)
        if event.kind in ("node.added", "node.started")
        or (event.kind in _ENDS and event.kind.startswith("node."))
    ]
    after = [*(one.began for one in found[1:]), inf]
    return [replace(one, until=then) for one, then in zip(found, after, strict=False)]


def lives(about: About) -> dict[str, list[tuple[float, float]]]:
    """From when to when each node could be sent a new client."""
    found: dict[str, list[tuple[float, float]]] = {}
    for event in _events(about):
        node = str(event.data.get(event.kind.partition(".")[0]))
        if event.kind == "cluster.ready" and isinstance(ready := event.data.get("nodes"), list):
            found |= {str(name): [(event.at, inf)] for name in ready}
        elif event.kind in _COMES and (node in found or event.kind == "node.added"):
            if not (spans := found.setdefault(node, [])) or spans[-1][1] < inf:
                spans.append((event.at, inf))
        elif event.kind in (*_ENDS, *_LEAVES) and (spans := found.get(node, [])):
            spans[-1] = (spans[-1][0], min(spans[-1][1], event.began))
    return found


def _breaks(window: Window) -> bool:
    return window.what != "nothing"


def _events(about: About) -> list[Event]:
    return since(about.began, about.events)


def _paired(events: Sequence[Event], told: Callable[[Event], Told]) -> list[Window]:
    open_: dict[tuple[str, str], Window] = {}
    found = []
    for event in events:
        for key, window in told(event):
            if window:
                if key not in open_:
                    open_[key] = window
            elif begun := open_.pop(key, None):
                found.append(replace(begun, ended=max(event.at, begun.began)))
    return [*found, *open_.values()]


def _named(event: Event) -> Told:
    kind, _, how = event.kind.partition(".")
    if kind == "fault":
        what, part = str(event.data.get("fault")), str(event.data.get("part") or "")
        yield (what, part), Window(what, part, event.began) if how == "began" else None


def _deploys(event: Event) -> Told:
    kind, _, how = event.kind.partition(".")
    if kind == "deploy":
        yield ("deploy", ""), Window("deploy", "", event.began) if how == "started" else None


def _of_parts(event: Event) -> Told:
    kind = event.kind.partition(".")[0]
    part = str(event.data.get(kind)) if kind in ("node", "part") else kind
    if what := _ENDS.get(event.kind):
        yield ("part", part), Window(what, part, event.began)
    if event.kind in (*_BACK, *_AT_ONCE):
        yield ("part", part), None


def _drains(event: Event) -> Told:
    node = str(event.data.get("node"))
    if event.kind in _LEAVES:
        yield ("drain", node), Window("drain", node, event.began)
    elif event.kind in ("node.removed", "node.staying", "node.started"):
        yield ("drain", node), None
