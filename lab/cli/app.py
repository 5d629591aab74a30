"""The command's frame: its verbs, and how every error becomes one clear message and a status."""

from __future__ import annotations

import shutil
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from sessionlab.lab.cli import do, down, listing, run, up
from sessionlab.lab.cli.apps import check, init, probe, watch
from sessionlab.lab.cli.choice import wrapped
from sessionlab.lab.cli.runs import judge, report
from sessionlab.lab.cli.standard_streams import make_usable
from sessionlab.lab.clients.wire import exhausted
from sessionlab.lab.errors import LabError, NothingShown
from sessionlab.lab.scenario.runner import release

HELP = """Will my users stay logged in?

sessionlab boots a real load-balanced cluster, logs real clients in, breaks things on purpose, and
reports what each session strategy did.

Try `sessionlab run memory-round-robin`, then `sessionlab run` for all scenarios; with an app of
your own `sessionlab init`, then `sessionlab check`.

Exit status: 0 all as predicted; 1 something was not, or a story failed; 2 wrong usage; 3 nothing
could be shown (a cluster that did not start, nothing claimed); 130 interrupted.
"""

GROUPS = {
    "Learn": ("run", "list", "up", "do", "down"),
    "Your app": ("init", "check", "watch", "probe"),
    "Runs": ("judge", "report"),
    "Strategies": ("compare", "audit"),
}


class Grouped(TyperGroup):
    """Shows the verbs by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  as Click calls it
        width = max(map(len, self.commands))
        for title, verbs in GROUPS.items():
            rows = [
                (
                    verb.ljust(width),
                    self.commands[verb].get_short_help_str(formatter.width - width - 6),
                )
                for verb in verbs
                if verb in self.commands
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


app = typer.Typer(
    cls=Grouped,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
app.command("run")(run.command)
app.command("check")(check.command)
app.command("init")(init.command)
app.command("list")(listing.command)
app.command("up")(up.command)
app.command("do")(do.command)
app.command("down")(down.command)
app.command("judge")(judge.command)
app.command("report")(report.command)
app.command("watch", context_settings={"allow_interspersed_args": False})(watch.command)
app.command("probe")(probe.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sessionlab {release()}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command and end the process with its status."""
    run_to_status(app)


def run_to_status(program: Callable[[], object]) -> None:
    """Run it; what went wrong is one message, and the status of the process."""
    make_usable()
    try:
        program()
    except LabError as error:
        _end_with(error)
    except Exception as error:  # noqa: BLE001  the lab's own fault is no verdict on users
        if trouble := exhausted(error):
            _end_with(trouble)
        traceback.print_exc()
        sys.exit(NothingShown.exit_status)


def _end_with(error: LabError) -> NoReturn:
    complain(error)
    sys.exit(error.exit_status)


def complain(error: LabError) -> None:
    """Say on standard error what went wrong and what to do: on a terminal no word is broken."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    for said in (f"sessionlab: {error}", f"  {error.hint}" if error.hint else ""):
        for line in said.splitlines():
            typer.echo(wrapped(line, "  ", width) if len(line) > width > 0 else line, err=True)
