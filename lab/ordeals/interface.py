"""Something that is done to an app and its users, to see what becomes of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.ordeals.trial import Trial

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import Recipe

Step = Callable[[Trial], Awaitable[None]]


async def nothing(_: Trial) -> None:
    """Nothing is to be mended."""


@dataclass(frozen=True, slots=True)
class Ordeal:
    """`carry_out` logs users in and does it to them; `mend` makes the cluster whole again.

    `why_not` says why it does not apply to an app, "" when it does. What a cluster cannot have done
    to it raises Skip.
    """

    summary: str
    carry_out: Step
    mend: Step = nothing
    why_not: Callable[[Recipe], str] = lambda _: ""
