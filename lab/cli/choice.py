"""An option that takes one name out of a table, some with an argument: `learn:NAME`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import TypedDict

import typer


class Choice(TypedDict):
    """What `typer.Option` is to be told."""

    parser: Callable[[str], str]
    metavar: str


WIDTH = 80  # columns


def wrapped(text: str, indent: str = "", width: int = WIDTH) -> str:
    """Lines that end between words, so that no terminal breaks one; the next are indented."""
    return textwrap.fill(
        text,
        width,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def refused(why: str) -> typer.BadParameter:
    """A value that cannot be taken: why stands below the option's name, which has no known end."""
    return typer.BadParameter("\n  " + wrapped(why, "  ", WIDTH - 2))


def one_of(table: Mapping[str, object], metavar: str = "") -> Choice:
    """Take a name that is in `table`, and name them all to who gives another.

    What needs an argument is named with it, in the table too, and not taken without: `learn:NAME`;
    `hash[:KEY]` needs none.
    """

    def parse(value: str) -> str:
        kind, _, argument = value.partition(":")
        forms = {re.split(r"\[?:", form)[0]: form for form in table}
        if kind not in forms:
            raise refused(f"{value!r} is none of: {', '.join(table)}")
        if re.search("[^[]:", form := forms[kind]) and not argument:
            raise refused(f"{value!r} says too little: {form}")
        return value

    return {"parser": parse, "metavar": metavar or "|".join(table)}
