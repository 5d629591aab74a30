"""`sessionlab down`: remove what an earlier run left behind."""

from __future__ import annotations

import typer

from lab.fabrics.scratch import clear, leftovers, running


def command() -> None:
    """Remove anything that an earlier run left behind: processes and files.

    A lab that still runs is left alone, and named with the way to end it.
    """
    found = list(leftovers())
    for folder in found:
        killed = clear(folder)
        typer.echo(f"removed what run {folder.name} left: its files and {killed} processes")
    if not found:
        typer.echo("nothing was left behind")
    for run, pid in running():
        typer.echo(f"run {run} is still going; to end it: kill {pid}")
