"""What a run's charts shade: what was broken, from when to when, and what else was done to it."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from sessionlab.lab.checks import timeline
from sessionlab.lab.viewer.view import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.checks.interface import About

_HAPPENED = {"killed", "removed", "restarted", "frozen"}  # was, and `died` and `stopped` did
_DONE = {
    "kill": "killed",
    "stop": "stopped",
    "restart": "restarted",
    "freeze": "frozen",
    "pause": "frozen",
    "drain": "drained",
    "remove": "removed",
}
_CALLED = {"redis": "Redis", "balancer": "the balancer"}
_MARKS = {
    "redis.flushed": "Redis was flushed",
    "redis.full": "Redis was full",
    "redis.readonly": "Redis was read-only",
    "keys.rotated": "keys were rotated",
    "keys.retired": "the old key was retired",
    "balancer.reloaded": "the balancer was reloaded",
}


def faults(about: About) -> list[Fault]:
    """In their order; those of a moment begin and end at it."""
    return sorted(_all(about), key=lambda one: one.began)


def _all(about: About) -> Iterator[Fault]:
    found = timeline.faults(about)
    for one in found:
        ended = None if isinf(one.ended) else round(one.ended, 4)
        yield Fault(round(one.began, 4), ended, one.what, one.part, _text(one))
    for one in timeline.changes(about):
        if one.what == "added" and not any(it.covers(one) for it in found):
            at, ended = round(one.began, 4), round(one.ended, 4)
            yield Fault(at, ended, one.what, one.part, f"{one.part} was added")
    for event in about.events:
        if said := _MARKS.get(event.kind):
            at = round(event.began - about.began, 4)
            yield Fault(at, at, event.kind.partition(".")[2], event.kind.partition(".")[0], said)


def _text(one: timeline.Window) -> str:
    """In words where an experiment names it so: `kill-node` of n1."""
    done, _, of = one.what.partition("-")
    if done in _DONE and of in ("node", "redis", "balancer"):
        return f"{_CALLED.get(one.part, one.part or of)} was {_DONE[done]}"
    if one.what in _HAPPENED:
        return f"{one.part} was {one.what}"
    if one.what in ("died", "stopped"):
        return f"{one.part} {one.what}"
    return f"{one.what} {one.part}".rstrip()
