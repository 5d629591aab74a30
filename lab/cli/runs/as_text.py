"""What a stored run is found to be, as text for a person: first who was lost and why; 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from sessionlab.lab.cli.choice import WIDTH
from sessionlab.lab.record.printable import printable
from sessionlab.lab.verdicts.pins import in_words

if TYPE_CHECKING:
    from sessionlab.lab.checks.interface import Finding
    from sessionlab.lab.experiment.results import Result
    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.verdicts.fates import User
    from sessionlab.lab.verdicts.users import Users

EVIDENCE = 3  # lines of what shows that a promise is broken
_COLUMN, _VERDICT = 14, 9
_MET = {True: "holds", False: "BROKEN", None: "unknown"}


def to_text(case: Case, result: Result, users: Users, *, each: bool) -> Iterator[str]:
    """The lines; `each` has one for every user."""
    yield from _wrapped(f"{result.name}: {result.sentence}", "")
    for line in (*users.told(), *case.notes):
        yield from _wrapped(line, "  ")
    yield from (f"  {_line(user)}" for user in (users.judged if each else ()))
    for finding in result.findings:
        yield from _finding(finding, result)
    for bound in result.bounds:
        yield from _row("bound", _MET[bound.met], f"{bound.text}: {bound.saw}")
    for one in result.predictions:
        yield from _row("predicted", _MET[one.agrees], f"{one.name}: {one.predicted}; {one.seen}")
    for cut in result.cut:
        yield from _wrapped(f"note: {cut}", "  ")


def _finding(finding: Finding, result: Result) -> Iterator[str]:
    """What was said above is not said again; evidence is of promises that are broken."""
    verdict = str(finding.verdict)
    is_broken = verdict == "broken"
    said = "" if finding.said == result.sentence else finding.said
    yield from _row(finding.check, verdict.upper() if is_broken else verdict, said)
    if is_broken and finding.check != "continuity":
        for line in finding.evidence[:EVIDENCE]:
            yield from _row("", "", line)


def _row(what: str, verdict: str, said: str) -> Iterator[str]:
    head = f"  {what:<{_COLUMN}}{verdict:<{_VERDICT}}"
    lines = wrap(printable(said), WIDTH - len(head), break_on_hyphens=False) or [""]
    yield (head + lines[0]).rstrip()
    yield from (" " * len(head) + line for line in lines[1:])


def _wrapped(said: str, indent: str) -> list[str]:
    return wrap(
        printable(said),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _line(user: User) -> str:
    line = f"{user.cluster}  {user.client}  {user.fate}"
    if user.at:
        at = user.at
        line += f" at {at.invoked:.3f} s: {at.method} {at.path} {at.status or 'no answer'}"
        line += f" from {at.node or 'the balancer'}, before it {user.home}"
        line += f"; {in_words(at.verdict, at.reason)}" if at.verdict else ""
    if user.says:
        line += f"; {user.says}"
    if user.interruptions:
        spans = ", ".join(str(span.milliseconds) for span in user.interruptions)
        line += f"; interrupted for {spans} ms"
    return printable(" ".join(line.splitlines()))
