"""`python -m sessionlab.nodes`: run one node until a signal stops it."""

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded stays, and a tenth of a start would be collections in vain

import asyncio
import logging
import sys

import uvloop

from sessionlab.nodes.errors import NodeError, OptionError
from sessionlab.nodes.process.command import PROGRAM, parse, variables
from sessionlab.nodes.process.options import Options
from sessionlab.nodes.process.serving import serve
from sessionlab.nodes.web.access_log import AccessLogForm

__all__ = ["main", "variables"]


def main(argv: list[str] | None = None) -> int:
    """Run a node with these arguments (the process's own when None) and return the exit status."""
    try:
        options = parse(argv)
    except OptionError as error:
        return _fail(f"{error}. See {PROGRAM} --help.".replace("?.", "?"), error)
    return options if isinstance(options, int) else _run(options)


def _run(options: Options) -> int:
    _set_up_logs(options.id, options.access_log)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(serve(options))
    except NodeError as error:
        return _fail(f"node {options.id}: {error}", error)


def _set_up_logs(node_id: str, access_log: AccessLogForm) -> None:
    logging.basicConfig(
        stream=sys.stderr, format=f"node {node_id}: %(message)s", level=logging.WARNING, force=True
    )
    logging.getLogger("nodes").setLevel(logging.INFO)
    if access_log == "json":
        lines = logging.StreamHandler(sys.stderr)
        lines.setFormatter(logging.Formatter("%(message)s"))
        access = logging.getLogger("nodes.access")
        access.handlers, access.propagate = [lines], False


def _fail(line: str, error: NodeError) -> int:
    print(line, file=sys.stderr)  # noqa: T201
    return error.exit_status


if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    sys.exit(main())
