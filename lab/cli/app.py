"""The command's frame: its verbs, and how every error becomes one clear message and a status."""

from __future__ import annotations

import importlib
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperGroup

from sessionlab.lab.cli.choice import wrapped
from sessionlab.lab.cli.standard_streams import make_usable
from sessionlab.lab.engine.exhaustion import exhausted
from sessionlab.lab.errors import LabError, NothingShown

HELP = """Will my users stay logged in?

sessionlab boots a real load-balanced cluster, logs real clients in, breaks things on purpose, and
reports what each session strategy did.

Try `sessionlab run memory-round-robin`, then `sessionlab run` for all scenarios; with an app of
your own `sessionlab init`, then `sessionlab check`.

Exit status: 0 all as predicted; 1 something was not, or a story failed; 2 wrong usage; 3 nothing
could be shown (a cluster that did not start, nothing claimed); 130 interrupted.
"""


class Verb(NamedTuple):
    """Which module of this folder has its `command`, and its line in the help."""

    module: str
    help: str
    settings: Mapping[str, Any] = {}


GROUPS = {
    "Learn": {
        "run": Verb("run", "Run scenarios, or an experiment FILE.toml: predicted, and seen"),
        "list": Verb("listing", "Show scenarios, and what a cluster can be built of"),
        "up": Verb("up", "Boot a cluster, and show every request that it gets"),
        "do": Verb("do", "Break or mend the cluster of `up` in another terminal"),
        "down": Verb("down", "Remove whatever an earlier run left behind"),
    },
    "Your app": {
        "init": Verb("apps.init", "Write a recipe: how your app is started and spoken to"),
        "check": Verb("apps.check", "Will its users stay logged in? Boot copies, and try"),
        "watch": Verb(
            "apps.watch",
            "Do something to a system elsewhere, and see who is logged out",
            {"allow_interspersed_args": False},
        ),
        "probe": Verb("apps.probe", "Look at a deployed system from outside"),
    },
    "Runs": {
        "judge": Verb("runs.judge", "Judge a stored run again, or tell what changed in another"),
        "report": Verb("runs.report", "Show a stored run as a page, or two beside each other"),
    },
}
VERBS = {name: verb for verbs in GROUPS.values() for name, verb in verbs.items()}
PLAIN: Any = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}


class Commands(Mapping[str, Any]):
    """The verbs by name. Only one that is asked for is loaded: `run` alone takes 0.3 s of CPU."""

    def __getitem__(self, name: str) -> Any:
        verb = VERBS[name]
        program = typer.Typer(**PLAIN)
        program.command(name, context_settings=dict(verb.settings))(_load(verb).command)
        return typer.main.get_command(program)

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


def _load(verb: Verb) -> Any:
    return importlib.import_module(f"sessionlab.lab.cli.{verb.module}")


class Grouped(TyperGroup):
    """Shows the verbs by what they are for."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": Commands()})

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  as Click calls it
        width = max(map(len, VERBS))
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), verb.help) for name, verb in verbs.items()])


app = typer.Typer(
    cls=Grouped,
    help=HELP,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    **PLAIN,
)


def load(words: Sequence[str]) -> None:
    """Load what these words of a command line will need."""
    if words and words[0] in VERBS:
        _load(VERBS[words[0]])


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  rarely asked for, and slow

        typer.echo(f"sessionlab {version('sessionlab')}")
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
