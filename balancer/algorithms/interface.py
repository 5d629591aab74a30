"""What an algorithm is: it chooses a backend for a client that has no pin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence


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


@runtime_checkable
class Foreseeable(Protocol):
    """One that can tell what it would choose: neither a draw nor the client's key decides."""

    def twin(self) -> Algorithm:
        """One that would choose the same from here on, and takes nobody's turn."""
        ...
