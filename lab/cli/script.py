"""What makes a scenario's file runnable by itself, with the options of `sessionlab run`."""

from __future__ import annotations

import inspect

import typer

from sessionlab.lab.cli import run
from sessionlab.lab.cli.app import run_to_status
from sessionlab.lab.scenario.scenario import Scenario


def main(story: Scenario) -> None:
    """Run one scenario as a program and end the process with the run's exit status."""

    def command(**options: object) -> None:
        run.command([inspect.getfile(story.story)], **options)  # type: ignore[arg-type]

    # Typer reads the options off the function, so it has those of `run`, but for the names.
    whole = inspect.signature(run.command, eval_str=True)
    which = ("scenarios", "everything")
    options = [option for name, option in whole.parameters.items() if name not in which]
    command.__signature__ = whole.replace(parameters=options)  # type: ignore[attr-defined]
    command.__annotations__ = {option.name: option.annotation for option in options}
    command.__doc__ = story.title
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(story.name)(command)
    run_to_status(app)
