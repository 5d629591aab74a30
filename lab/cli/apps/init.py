"""`sessionlab init`: a recipe to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sessionlab.lab.cli.choice import one_of
from sessionlab.lab.cli.whole_files import is_replaced, replace
from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes import schema
from sessionlab.lab.recipes.reading import FILE
from sessionlab.lab.recipes.starters import GENERIC, names, text

NEXT = """{path}: say in it how a copy of your app is started, and how a user logs in; then
  sessionlab check {path}"""


def command(
    framework: Annotated[
        str,
        typer.Argument(
            help=f"What your app is built with: {', '.join(names())}.",
            show_default=False,
            **one_of(dict.fromkeys(names()), "FRAMEWORK"),
        ),
    ] = GENERIC,
    *,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where it is written; - for the screen.")
    ] = Path(FILE),
    with_schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema instead, for editors.")
    ] = False,
) -> None:
    """Write a recipe: how your app is started, and how a user talks to it.

    Examples: `sessionlab init django`; `sessionlab init --schema > sessionlab.schema.json`.
    """
    if with_schema:
        typer.echo(schema.FILE.read_text(encoding="utf-8"), nl=False)
    elif str(out) == "-":
        typer.echo(text(framework), nl=False)
    else:
        _write(out, text(framework))
        typer.echo(NEXT.format(path=out))


def _write(path: Path, recipe: str) -> None:
    if path.exists() and is_replaced(path):
        raise UsageError(f"{path} is there already", "name another file: --out FILE, or -")
    try:
        replace(path, recipe)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
