"""An option that takes one name out of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

import typer


class Choice(TypedDict):
    """What `typer.Option` is to be told."""

    parser: Callable[[str], str]
    metavar: str


def one_of(table: Mapping[str, object]) -> Choice:
    """Take a name that is in `table`, and name them all to who gives another."""

    def parse(value: str) -> str:
        if value not in table:
            raise typer.BadParameter(f"{value!r} is none of: {', '.join(table)}")
        return value

    return {"parser": parse, "metavar": "|".join(table)}
