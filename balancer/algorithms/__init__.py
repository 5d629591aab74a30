"""How a backend is chosen for a client that has no pin: one small object a file."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, TypeVar

from sessionlab.balancer.algorithms import keys
from sessionlab.balancer.algorithms.consistent_hash import ConsistentHash
from sessionlab.balancer.algorithms.hashing import Hash
from sessionlab.balancer.algorithms.least_connections import LeastConnections
from sessionlab.balancer.algorithms.random_choice import RandomChoice
from sessionlab.balancer.algorithms.round_robin import RoundRobin
from sessionlab.balancer.algorithms.two_choices import TwoChoices
from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random


class Candidate(Protocol):
    """What an algorithm may know of a backend."""

    @property
    def name(self) -> str: ...
    @property
    def weight(self) -> int: ...
    @property
    def active(self) -> int: ...


C = TypeVar("C", bound=Candidate)


class Algorithm(Protocol):
    """Chooses one of the candidates."""

    def choose(self, candidates: Sequence[C], key: bytes) -> C:
        """One of `candidates`, which is never empty and holds weights above 0 only.

        `key` is what hashing algorithms hash (the client's address, a header, a cookie or the
        path), empty for the others. The same sequence object is passed while nothing changed.
        """
        ...


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
    factory = ALGORITHMS.get(name) or _offered(name)
    if factory is None:
        there = [*ALGORITHMS, *sorted(point.name for point in entry_points(group=ENTRY_POINTS))]
        raise UsageError(f"unknown algorithm {name!r}; there are {', '.join(there)}")
    if colon or name in KEYED:
        return factory(random), keys.reader(key if colon else "source")
    return factory(random), None


def _offered(name: str) -> Callable[[Random], Algorithm] | None:
    for point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            factory: Callable[[Random], Algorithm] = point.load()
        except (ImportError, AttributeError) as error:
            raise UsageError(f"algorithm {name!r}, {point.value}: {error}") from None
        return factory
    return None
