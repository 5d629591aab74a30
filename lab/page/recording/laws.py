"""What holds of the answers that were seen, in words that hold again when all is done anew.

Which node a request comes to may differ from run to run. So a claim names no node: it says how a
session is known, by one of three laws, or else what came to everybody alike. What no such sentence
fits is not claimed.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from sessionlab.lab.page.recording.steps import Asked, Asks, Came, Done, is_nobody, who_
from sessionlab.lab.verdicts.classify import is_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.page.recording.steps import Step, Who
    from sessionlab.lab.record.history import Operation

ENDS = ("node.killed", "node.stopped", "node.removed", "node.ended")


class Law(Enum):
    """How a session is known: by every node, while its node lives, or by its node alone."""

    ANYWHERE = "Who is logged in is known"
    WHILE_IT_LIVES = "Who is logged in is known as long as the node of the session lives"
    AT_HOME = "A session is known to the node that made it, and to no other"


class Alike(Enum):
    """What came to everybody, where the law does not hold."""

    KNOWN = "Everybody is known"
    NOBODY = "Nobody is known any more"
    FAILED = "Nobody is served"


Claim = Law | Alike | None
Sessions = dict["Who", str]


def law_of(steps: Sequence[Step], kin: Mapping[Who, Sequence[Who]], *, tied: bool) -> Law:
    """The one that was seen at work, and against which nothing was seen.

    A `tied` cluster leads users to the nodes of their sessions.
    """
    order = [Law.WHILE_IT_LIVES, Law.AT_HOME] if tied else [Law.AT_HOME, Law.WHILE_IT_LIVES]
    return next((law for law in order if _shows(steps, kin, law)), Law.ANYWHERE)


def told(
    steps: Sequence[Step], kin: Mapping[Who, Sequence[Who]], law: Law
) -> Iterator[tuple[Step, Sessions, Claim]]:
    """Each step, the sessions before it, and what is to be claimed of it.

    `kin` are, of each tab, all that share its browser.
    """
    sessions: Sessions = {}
    for step in steps:
        claim = _claim(step, sessions, law) if isinstance(step, Asks) else None
        yield step, dict(sessions), claim
        _follow(step, sessions, kin, claim, law)


def _shows(steps: Sequence[Step], kin: Mapping[Who, Sequence[Who]], law: Law) -> bool:
    shown, lost = False, set["Who"]()
    for step, sessions, _ in told(steps, kin, law):
        lost |= set(lost_by(step, sessions, law)) if isinstance(step, Done) else set()
        for who, op in step.answers if isinstance(step, Asks) else ():
            if op.recognised and not _expected(law, who, op, sessions):
                return False
            elsewhere = who in sessions and op.node != sessions[who]
            shown |= is_nobody(op) and (elsewhere if law is Law.AT_HOME else who in lost)
    return shown


def _follow(
    step: Step,
    sessions: Sessions,
    kin: Mapping[Who, Sequence[Who]],
    claim: Claim,
    law: Law,
) -> None:
    """What a step does to the sessions there are."""
    if isinstance(step, Came):
        sessions |= {who_(op): op.node or "" for op in step.operations}
    elif isinstance(step, Asked):
        _enter(step, sessions, kin.get(step.who, [step.who]))
    elif isinstance(step, Done):
        for who in lost_by(step, sessions, law):
            del sessions[who]
    elif claim is Alike.NOBODY:
        for who, _ in step.answers:
            sessions.pop(who, None)


def _enter(step: Asked, sessions: Sessions, browser: Sequence[Who]) -> None:
    for who in browser:
        if step.operation.conversation == "logout":
            sessions.pop(who, None)
        elif step.operation.recognised:
            sessions[who] = step.operation.node or ""


def lost_by(done: Done, sessions: Sessions, law: Law) -> list[Who]:
    """Whose session ends with what was done, as far as the law goes."""
    if law is Law.ANYWHERE:
        return []
    if done.kind == "deploy":
        return list(sessions)
    return [who for who, home in sessions.items() if done.kind in ENDS and home == done.part]


def _claim(asks: Asks, sessions: Sessions, law: Law) -> Claim:
    answers = asks.answers
    failed = [is_error(op) for _, op in answers]
    if any(failed) or not answers:
        return Alike.FAILED if answers and all(failed) else None
    if all(op.recognised == _expected(law, who, op, sessions) for who, op in answers):
        return law
    if all(op.recognised for _, op in answers):
        return Alike.KNOWN
    if all(is_nobody(op) for _, op in answers):
        return Alike.NOBODY
    return None


def _expected(law: Law, who: Who, operation: Operation, sessions: Sessions) -> bool:
    return who in sessions and (law is not Law.AT_HOME or sessions[who] == operation.node)
