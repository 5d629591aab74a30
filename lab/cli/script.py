"""What makes a scenario's file runnable by itself, with the options of `sessionlab run`."""

from __future__ import annotations

import functools
import inspect
import sys

import typer

from lab.cli import run
from lab.cli.app import complain
from lab.errors import LabError
from lab.scenario import Scenario


def main(story: Scenario) -> None:
    """Run one scenario as a program and end the process with the run's exit status."""
    command = functools.partial(run.command, [inspect.getfile(story.story)])
    whole = inspect.signature(run.command, eval_str=True)
    options = [option for name, option in whole.parameters.items() if name != "scenarios"]
    command.__signature__ = whole.replace(parameters=options)  # type: ignore[attr-defined]
    command.__doc__ = story.title
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(story.name)(command)
    try:
        app()
    except LabError as error:
        complain(error)
        sys.exit(error.exit_status)
