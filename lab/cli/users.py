"""`sessionlab users DIR`: what became of each user of a stored run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sessionlab.lab.reports.stored import read
from sessionlab.lab.verdicts.fates import Fate, User
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.pins import in_words


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="What `run --out DIR` has written.")
    ],
    *,
    each: Annotated[bool, typer.Option("--each", help="A line for every user.")] = False,
) -> None:
    """Judge the users of a stored run again: kept, moved, logged out, stuck, wrong data.

    Example: `sessionlab run sticky-node-dies --out runs/1`, then `sessionlab users runs/1`.
    """
    for scenario in read(folder):
        if users := scenario.users:
            counts = (f"{users.count(fate)} {fate}" for fate in Fate if users.count(fate))
            typer.echo(f"{scenario.name}: {number(len(users), 'user')}: {', '.join(counts)}")
            if users.interrupted:
                typer.echo(f"  {users.interrupted} interrupted, for {users.longest} ms at most")
            for line in users.told():
                typer.echo(f"  {line}")
            for note in scenario.notes:
                typer.echo(f"  {note}")
            for user in users.judged if each else ():
                typer.echo(f"  {_line(user)}")
        else:
            typer.echo(f"{scenario.name}: no users")


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
    return line
