"""The command line, made of the options' own descriptions."""

from dataclasses import fields

import click

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
    try:
        made = _program().main(argv, PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        raise OptionError(error.format_message().rstrip(".")) from error
    return made if isinstance(made, Options) else int(made or 0)


def variables() -> frozenset[str]:
    """The environment variables that are read as options."""
    return frozenset(f"{PREFIX}_{option.name.upper()}" for option in fields(Options))


def _program() -> click.Command:
    return click.Command(
        None,
        callback=Options,
        params=[
            click.Option(
                [f"--{option.name.replace('_', '-')}"],
                default=option.default,
                show_default=True,
                show_envvar=True,
                **option.metadata,
            )
            for option in fields(Options)
        ],
        help="Run one node of the app: a server that logs users in and knows them again.",
        epilog=_EPILOG,
        context_settings={"auto_envvar_prefix": PREFIX, "max_content_width": 100},
    )
