"""`python -m balancer`."""

from __future__ import annotations

import asyncio
import sys

import typer
import uvloop

from balancer import server
from balancer.errors import BalancerError
from balancer.options import EPILOG, Options, command, configure


def _run(options: Options) -> None:
    config = configure(options)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(config))


def main(argv: list[str] | None = None) -> int:
    """Run a balancer until it is told to stop; returns the exit status and never raises."""
    app = typer.Typer(add_completion=False, context_settings={"auto_envvar_prefix": "BALANCER"})
    app.command(name="balancer", epilog=EPILOG)(command(_run))
    try:
        typer.main.get_command(app).main(argv, prog_name="balancer")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BalancerError as error:
        server.report(error)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
