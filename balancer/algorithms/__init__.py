"""How a backend is chosen for a client that has no pin: one small object a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from balancer.algorithms.round_robin import RoundRobin
from balancer.errors import UsageError

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
}


def make(name: str, random: Random) -> Algorithm:
    """The algorithm of that name; raises `UsageError`."""
    factory = ALGORITHMS.get(name)
    if factory is None:
        raise UsageError(f"unknown algorithm {name!r}; there are {', '.join(ALGORITHMS)}")
    return factory(random)
