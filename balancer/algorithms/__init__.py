"""How a backend is chosen for a client that has no pin: one small object a file."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from typing import TYPE_CHECKING

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
ENTRY_POINTS = "sessionlab.algorithms"
"""The group in which an installed package offers algorithms of its own: name = factory."""


def make(spec: str, random: Random) -> tuple[Algorithm, keys.KeyReader | None]:
    """The algorithm of that name, `NAME` or `NAME:KEY`, and what reads its key from a request.

    Raises `UsageError`. Without a KEY the two hashes use the client's address, the others none.
    """
    name, colon, key = spec.partition(":")
    factory = ALGORITHMS.get(name)
    algorithm = factory(random) if factory is not None else _offered(name, random)
    if colon or name in KEYED:
        return algorithm, keys.reader(key if colon else "source")
    return algorithm, None


def _offered(name: str, random: Random) -> Algorithm:
    """One that an installed package offers; what is wrong with it is said, and whose it is."""
    offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    point = offered.get(name)
    if point is None:
        there = ", ".join([*ALGORITHMS, *sorted(offered.keys() - ALGORITHMS.keys())])
        raise UsageError(f"unknown algorithm {name!r}; there are {there}")
    try:
        made: Algorithm = point.load()(random)
    except Exception as error:  # noqa: BLE001 - a stranger's module may raise anything
        raise _unfit(point, f"{type(error).__name__}: {error}") from None
    try:
        signature(made.choose).bind((), b"")
    except (AttributeError, TypeError, ValueError) as error:
        raise _unfit(point, f"what it makes has no choose(candidates, key): {error}") from None
    return made


def _unfit(point: EntryPoint, what: str) -> UsageError:
    whose = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
    return UsageError(f"algorithm {point.name!r}, {point.value}: {what}; it comes with {whose}")
