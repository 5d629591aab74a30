"""What holds of the answers that were seen, in words that hold again when all is done anew.

Which node a request comes to may differ from run to run. So a claim names no node: it says how a
session is known, by one of three laws, or else what came to everybody alike. What no such sentence
fits is not claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sessionlab.lab.page.recording.steps import Asked, Asks, Came, Done, is_nobody, who_
from sessionlab.lab.verdicts.classify import is_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sessionlab.lab.page.recording.steps import Step, Who
    from sessionlab.lab.record.history import Operation

ENDS = ("node.killed", "node.stopped", "node.removed", "node.ended")


class Law(Enum):
    """How a session is known: by every node, while its node lives, or by its node alone."""

    ANYWHERE = "Who is logged in is known, whichever node answers"
    WHILE_IT_LIVES = "Who is logged in is known as long as the node of the session lives"
    AT_HOME = "A session is known to the node that made it, and to no other"

    @property
    def is_of_nodes(self) -> bool:
        """Whether a session ends with its node."""
        return self is not Law.ANYWHERE


class Alike(Enum):
    """What came to everybody, where the law does not hold."""

    KNOWN = "Everybody is known"
    NOBODY = "Nobody is known any more"
    FAILED = "Nobody is served"


@dataclass(frozen=True, slots=True)
class Named:
    """Some are known and some are not, and it is always the same: these are known."""

    known: Sequence[Who]


Claim = Law | Alike | Named | None
Sessions = dict["Who", str]


def law_of(steps: Sequence[Step], *, tied: bool) -> Law:
    """The one that fits the most; with a `tied` cluster users come back to their nodes."""
    first = [Law.ANYWHERE, Law.WHILE_IT_LIVES] if tied else [Law.AT_HOME, Law.ANYWHERE]
    order = [*first, *(law for law in Law if law not in first)]

    def fits(law: Law) -> int:
        return sum(claim is law for _, _, claim in told(steps, law))

    return max(order, key=lambda law: (fits(law), -order.index(law)))


def told(steps: Sequence[Step], law: Law) -> Iterator[tuple[Step, Sessions, Claim]]:
    """Each step, the sessions before it, and what is to be claimed of it."""
    sessions: Sessions = {}
    for step in steps:
        claim = _claim(step, sessions, law) if isinstance(step, Asks) else None
        yield step, dict(sessions), claim
        _follow(step, sessions, claim, law)


def _follow(step: Step, sessions: Sessions, claim: Claim, law: Law) -> None:
    """What a step does to the sessions there are."""
    if isinstance(step, Came):
        sessions |= {who_(op): op.node or "" for op in step.operations}
    elif isinstance(step, Asked):
        if step.operation.conversation == "logout":
            sessions.pop(step.who, None)
        elif step.operation.recognised:
            sessions[step.who] = step.operation.node or ""
    elif isinstance(step, Done):
        for who in lost_by(step, sessions, law):
            del sessions[who]
    elif claim is Alike.NOBODY or isinstance(claim, Named):
        known = claim.known if isinstance(claim, Named) else ()
        for who, _ in step.answers:
            if who not in known:
                sessions.pop(who, None)


def lost_by(done: Done, sessions: Sessions, law: Law) -> list[Who]:
    """Whose session ends with what was done, as far as the law goes."""
    if not law.is_of_nodes:
        return []
    if done.kind == "deploy":
        return list(sessions)
    return [who for who, home in sessions.items() if done.kind in ENDS and home == done.part]


def _claim(asks: Asks, sessions: Sessions, law: Law) -> Claim:
    answers = asks.answers
    if not answers:
        return None
    if all(op.recognised == _expected(law, who, op, sessions) for who, op in answers):
        return law
    tests: Mapping[Alike, Callable[[Operation], bool]] = {
        Alike.KNOWN: lambda op: op.recognised,
        Alike.NOBODY: is_nobody,
        Alike.FAILED: is_error,
    }
    for alike, test in tests.items():
        if all(test(op) for _, op in answers):
            return alike
    of = {who: {op.recognised for other, op in answers if other == who} for who, _ in answers}
    if all(len(seen) == 1 for seen in of.values()) and not any(is_error(op) for _, op in answers):
        return Named([who for who, seen in of.items() if True in seen])
    return None


def _expected(law: Law, who: Who, operation: Operation, sessions: Sessions) -> bool:
    return who in sessions and (law is not Law.AT_HOME or sessions[who] == operation.node)
