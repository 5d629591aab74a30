"""What somebody has typed, as Python: a literal, or a variable that is called like it."""

from __future__ import annotations

import builtins
import keyword
import re
from itertools import chain, count

ORDER = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
"""What nodes are called."""
_NAME = 20  # letters of a variable
_TAKEN = {
    *("lab", "cluster", "sessions", "asked", "crowd", "client", "home", "answer", "main"),
    *("scenario", *ORDER, *keyword.kwlist, *dir(builtins)),
}


def quoted(text: str) -> str:
    """A literal; in double quotes, as a scenario has them, where none is in the text."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal else literal


def identifier(user: str, taken: set[str]) -> str:
    """A variable that is called like a user, as far as that goes."""
    stem = re.sub(r"[^a-z0-9]+", "_", user.lower()).strip("_")[:_NAME].rstrip("_")
    stem = stem if stem and not stem[0].isdigit() else f"user_{stem}".rstrip("_")
    names = chain([stem], (f"{stem}_{number}" for number in count(2)))
    return next(name for name in names if name not in taken | _TAKEN)
