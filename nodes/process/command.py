"""The command line, made of the options' own descriptions."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

import typer
from typer.exceptions import TyperException

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.process.options import Options

PROGRAM = "python -m sessionlab.nodes"
PREFIX = "NODE"

_EPILOG = """Examples:

\b
One node, sessions in its memory, on port 8001:
  NODE_USER_PASSWORD=secret python -m sessionlab.nodes
\b
Two nodes that share their sessions:
  python -m sessionlab.nodes --id n1 --listen 127.0.0.1:8001 --strategy redis
  python -m sessionlab.nodes --id n2 --listen 127.0.0.1:8002 --strategy redis
\b
Tokens that every node with the same keys verifies alone:
  python -m sessionlab.nodes --strategy jwt --jwt-algorithm EdDSA --jwt-keys keys.json
\b
Behind a proxy on this machine that ends TLS:
  python -m sessionlab.nodes --trust-proxy 127.0.0.1,::1

Every option is an environment variable too, as shown.

\b
Signals:
  SIGTERM, SIGINT  /readyz says 503; leave once --drain-delay is over and open requests are done
  SIGUSR1          /readyz says 503, so that balancers drain this node; it serves on
  SIGUSR2          take that back
  SIGHUP           read --jwt-keys again

Exit status: 0 drained at a signal; 1 a second signal came; 2 wrong usage; 3 cannot listen.
"""


def parse(argv: list[str] | None) -> Options | int:
    """The options that `argv` and the environment give, or the exit status when that ends it.

    Raises `OptionError` for wrong usage; prints the help when asked for it.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        made = _program()(arguments, prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        # pydantic, under typer, says "Value error" before what is wrong.
        line = error.format_message().replace("Value error, ", "").rstrip(".")
        raise OptionError(line) from error
    return made if isinstance(made, Options) else int(made or 0)


def variables() -> frozenset[str]:
    """The environment variables that are read as options."""
    return frozenset(f"{PREFIX}_{option.name.upper()}" for option in fields(Options))


@cache  # pydantic makes a schema of every option: once for all nodes that a process forks
def _program() -> Callable[..., Any]:
    application = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"auto_envvar_prefix": PREFIX, "max_content_width": 100}
    application.command(context_settings=settings, epilog=_EPILOG)(_command())
    return typer.main.get_command(application).main


def _command() -> Callable[..., Options]:
    def command(**values: object) -> Options:
        """Run one node of the app: a server that logs users in and knows them again."""
        return Options(**values)  # type: ignore[arg-type]  # typer made each by its type

    # typer reads a function's signature; ours is the fields of Options, described once.
    hints = get_type_hints(Options, include_extras=True)
    command.__dict__["__signature__"] = inspect.Signature(
        [
            inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=option.default,
                annotation=hints[option.name],
            )
            for option in fields(Options)
        ]
    )
    return command
