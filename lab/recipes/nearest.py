"""The name that somebody may have meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like it; None where none is."""
    return next(iter(get_close_matches(name, list(known), 1, cutoff=0.6)), None)


def meant(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint for a name that is not known: the nearest, or else all that there are."""
    known = list(known)
    near = nearest(name, known)
    return f"did you mean {near}?" if near else otherwise or f"there are: {', '.join(known)}"
