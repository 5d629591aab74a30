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
from functools import partial
from typing import TYPE_CHECKING

import click
import uvloop

from sessionlab.balancer.config import file
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options, command
from sessionlab.balancer.errors import BalancerError, UsageError
from sessionlab.balancer.processes import single

if TYPE_CHECKING:
    from sessionlab.balancer.config.model import Config

PROGRAM = "python -m sessionlab.balancer"
PREFIX = "BALANCER"
SECRET = f"{PREFIX}_COOKIE_SECRET"


def variables() -> frozenset[str]:
    """The environment variables that are read: every option, and the secret of its cookies."""
    return frozenset({SECRET, *(f"{PREFIX}_{option.name.upper()}" for option in fields(Options))})


def _options(argv: list[str] | None, defaults: dict[str, object]) -> Options:
    """What the command line and the environment say. Raises `UsageError`, SystemExit for help."""
    try:
        found = command(PREFIX).main(argv, PROGRAM, standalone_mode=False, default_map=defaults)
    except click.ClickException as error:
        line = f"{error.format_message().rstrip('.')}. See {PROGRAM} --help."
        raise UsageError(line.replace("?.", "?")) from None
    if not isinstance(found, Options):
        raise SystemExit(found)
    return found


def _read(argv: list[str] | None, secret: bytes, *, made: bool) -> Config:
    """The configuration from all its sources. Raises as `_options` does."""
    options = _options(argv, {})
    if not options.config:
        return configure(options, secret=secret, secret_made=made)
    given = file.read(options.config)
    return configure(_options(argv, given.options), given.services, secret, secret_made=made)


def _run(argv: list[str] | None) -> int:
    given = os.environ.get(SECRET, "").encode()
    read = partial(_read, argv, given or secrets.token_bytes(32), made=not given)
    config = read()
    if config.workers > 1:
        from sessionlab.balancer.processes import parent  # noqa: PLC0415  one process needs none

        return parent.run(config, read)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(single.serve(config, read))
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
