"""In which order clients act: drawn anew at every step, so that no number fits by chance.

Clients that always act in the same order meet a round-robin balancer in lockstep: where their
number is a multiple of the nodes', each is led back to the same node though nothing ties it there.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.clients.client import Client

T = TypeVar("T")


class Turns:
    """Draws orders from one seed; a schedule that a run with the same seed repeats.

    What is drawn depends on the step's number among those of the same clients (told by the first of
    them), and not on what else of the story is told meanwhile.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._steps: dict[Client | None, int] = {}

    def of(self, clients: Sequence[Client]) -> Random:
        """What the next step of these clients is drawn from."""
        who = clients[0] if clients else None
        number = self._steps[who] = self._steps.get(who, 0) + 1
        return Random(f"{self._seed}/{who}/{number}")  # noqa: S311  a schedule, no secret


def shuffled(count: int, drawn: Random) -> list[int]:
    """The numbers below `count`, in an order that was drawn."""
    return drawn.sample(range(count), count)


def in_place(values: Sequence[T], order: Sequence[int]) -> list[T]:
    """Put what came in that order back to where it belongs."""
    return [value for _, value in sorted(zip(order, values, strict=True), key=lambda one: one[0])]
