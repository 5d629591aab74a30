"""What the parts of ours load, loaded before they are forked; and which options they know."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

NODES = "sessionlab.nodes"
OURS = (NODES, "sessionlab.balancer")
STRATEGIES = {name: f"sessionlab.nodes.strategies.{name}" for name in ("memory", "redis", "jwt")}
"""What a node loads by its strategy."""


def load_for(program: str, arguments: Iterable[str]) -> None:
    """Load what such a part of ours may load, before it is forked: once, and not in each of them.

    What no part has asked for is not loaded at all: the balancer, Redis's client and PyJWT are a
    third of what there is.
    """
    if program in OURS:
        _rehearse(program)
    if program == NODES:
        for word in STRATEGIES.keys() & set(arguments):
            _load(STRATEGIES[word])


@cache
def _load(module: str) -> ModuleType:
    gc.disable()  # what is loaded stays: collections in between only cost time
    loaded = importlib.import_module(module)
    gc.freeze()  # so that a collection in a child does not copy the shared pages
    gc.enable()
    return loaded


@cache
def _rehearse(program: str) -> None:
    """Load a program, and have it refuse a command line: that loads what it loads only when used.

    Typer's pydantic is such a thing: a fifth of a second of CPU, once instead of for every part.
    A word too many is refused last, when it has its schema of every option.
    """
    module = _load(f"{program}.__main__")
    with contextlib.redirect_stderr(io.StringIO()):
        module.main(["nowhere"])
    gc.collect()
    gc.freeze()


def options_of(*programs: str) -> frozenset[str]:
    """The environment variables that our programs take for options; of others none."""
    found: frozenset[str] = frozenset()
    for program in set(programs) & set(OURS):
        found |= importlib.import_module(f"{program}.__main__").variables()
    return found
