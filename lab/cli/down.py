"""`sessionlab down`: remove what an earlier run left behind."""

from __future__ import annotations

import typer

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.docker.fabric import clear_leftovers
from sessionlab.lab.fabrics.run_folder import clear, leftovers, running


def command() -> None:
    """Remove anything that an earlier run left behind: processes, files, containers, networks.

    A lab that still runs is left alone, and named with the way to end it.
    """
    found = list(leftovers())
    in_engine = _clear_engine()
    for run, what in in_engine.items():
        typer.echo(f"removed what run {run} left in the Docker engine: {what}")
    for folder in found:
        killed = clear(folder)
        typer.echo(f"removed what run {folder.name} left: its files and {killed} processes")
    if not found and not in_engine:
        typer.echo("nothing was left behind")
    for run, pid in running():
        typer.echo(f"run {run} is still going; to end it: kill {pid}")


def _clear_engine() -> dict[str, str]:
    """What was removed there; an engine that can't be asked is no reason to leave the rest."""
    try:
        return clear_leftovers()
    except StartError as error:
        typer.echo(f"the Docker engine was left alone: {error}", err=True)
        return {}
