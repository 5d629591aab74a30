"""How a backend is chosen for a client that has no pin: one small object a file."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING

from sessionlab.balancer import offers
from sessionlab.balancer.algorithms import keys
from sessionlab.balancer.algorithms.consistent_hash import ConsistentHash
from sessionlab.balancer.algorithms.hashing import Hash
from sessionlab.balancer.algorithms.least_connections import LeastConnections
from sessionlab.balancer.algorithms.random_choice import RandomChoice
from sessionlab.balancer.algorithms.round_robin import RoundRobin
from sessionlab.balancer.algorithms.two_choices import TwoChoices
from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from sessionlab.balancer.algorithms.interface import Algorithm


ALGORITHMS: dict[str, Callable[[Random], Algorithm]] = {
    "round-robin": RoundRobin,
    "least-connections": LeastConnections,
    "random": RandomChoice,
    "two-choices": TwoChoices,
    "hash": Hash,
    "consistent-hash": ConsistentHash,
}
KEYED = frozenset({"hash", "consistent-hash"})
FORMS = tuple(f"{name}[:KEY]" if name in KEYED else name for name in ALGORITHMS)
ENTRY_POINTS = "sessionlab.algorithms"
"""The group in which an installed package offers algorithms of its own: name = factory."""


def make(spec: str, random: Random) -> tuple[Algorithm, keys.KeyReader | None]:
    """The algorithm of that name, `NAME` or `NAME:KEY`, and what reads its key from a request.

    Raises `UsageError`. Without a KEY the two hashes use the client's address, the others none.
    """
    name, colon, key = spec.partition(":")
    factory = ALGORITHMS.get(name)
    algorithm = factory(random) if factory is not None else _offered(name, random)
    if colon and name in ALGORITHMS.keys() - KEYED:
        raise UsageError(f"algorithm {spec!r}: {name} takes no key; hash:KEY does")
    if colon or name in KEYED:
        return algorithm, keys.reader(key if colon else "source")
    return algorithm, None


def _offered(name: str, random: Random) -> Algorithm:
    return offers.make("algorithm", name, random, group=ENTRY_POINTS, ours=FORMS, check=_check)


def _check(made: Algorithm) -> None:
    try:
        signature(made.choose).bind((), b"")
    except (AttributeError, TypeError, ValueError) as error:
        raise TypeError(f"what it makes has no choose(candidates, key): {error}") from None
