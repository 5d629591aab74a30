"""`python -m sessionlab.balancer`."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded stays, and a tenth of a start would be collections in vain

import asyncio
import os
import secrets
import sys
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

import typer
import uvloop

from sessionlab.balancer.config import file
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import EPILOG, Options, command
from sessionlab.balancer.errors import BalancerError, UsageError
from sessionlab.balancer.processes import parent, single

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.config.model import Config

PREFIX = "BALANCER"
SECRET = f"{PREFIX}_COOKIE_SECRET"


def variables() -> frozenset[str]:
    """The environment variables that are read: every option, and the secret of its cookies."""
    return frozenset({SECRET, *(f"{PREFIX}_{option.name.upper()}" for option in fields(Options))})


def _options(argv: list[str] | None, defaults: dict[str, object]) -> Options:
    """What the command line and the environment say; typer ends the program on wrong usage."""
    program, found = _program()
    found.clear()
    try:
        program(argv, prog_name="balancer", default_map=defaults)
    except SystemExit as end:
        if end.code or not found:
            raise
    return found[0]


@cache  # pydantic makes a schema of every option: once, also for all that a process forks
def _program() -> tuple[Callable[..., Any], list[Options]]:
    """What parses, and where it leaves what it has found."""
    found: list[Options] = []
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,  # plain help: rich's table cuts names short at 80 columns
        context_settings={"auto_envvar_prefix": PREFIX},
    )
    app.command(name="balancer", epilog=EPILOG)(command(found.append))
    return typer.main.get_command(app).main, found


def _read(argv: list[str] | None, secret: bytes, *, made: bool) -> Config:
    """The configuration from all its sources. Raises `UsageError`, or SystemExit as typer does."""
    options = _options(argv, {})
    if not options.config:
        return configure(options, secret=secret, secret_made=made)
    given = file.read(options.config)
    return configure(_options(argv, given.options), given.services, secret, secret_made=made)


def _run(argv: list[str] | None) -> int:
    given = os.environ.get(SECRET, "").encode()
    secret = given or secrets.token_bytes(32)

    def again() -> Config:
        try:
            return _read(argv, secret, made=not given)
        except SystemExit:
            raise UsageError("the options make no sense any more") from None

    config = _read(argv, secret, made=not given)
    if config.workers > 1:
        return parent.run(config, again)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(single.serve(config, again))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run a balancer until it is told to stop; returns the exit status and never raises."""
    try:
        return _run(argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BalancerError as error:
        single.report(error)
        return error.exit_status
    except KeyboardInterrupt:  # before there was anything to drain
        return 130


if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    sys.exit(main())
