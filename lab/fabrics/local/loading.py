"""What the parts of ours load, loaded before they are forked; and which options they know."""

from __future__ import annotations

import gc
import importlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NODES, BALANCER = OURS = ("sessionlab.nodes", "sessionlab.balancer")
BY_WORD = {
    NODES: {name: f"{NODES}.strategies.{name}" for name in ("memory", "redis", "jwt")},
    BALANCER: {"cookie": f"{BALANCER}.affinity.cookie"},
}
"""What a program loads only if its command line asks for it."""


def load_for(program: str, arguments: Iterable[str]) -> None:
    """Load what such a part of ours may load, before it is forked: once, and not in each of them.

    What no part has asked for is not loaded at all: the balancer, Redis's client and PyJWT are a
    third of what there is.
    """
    if program in OURS:
        _load(f"{program}.__main__")
        for word in BY_WORD[program].keys() & set(arguments):
            _load(BY_WORD[program][word])


@cache
def _load(module: str) -> None:
    gc.disable()  # what is loaded stays: collections in between only cost time
    importlib.import_module(module)
    gc.freeze()  # so that a collection in a child does not copy the shared pages
    gc.enable()


def options_of(*programs: str) -> frozenset[str]:
    """The environment variables that our programs take for options; of others none."""
    found: frozenset[str] = frozenset()
    for program in set(programs) & set(OURS):
        found |= importlib.import_module(f"{program}.__main__").variables()
    return found
