"""What overrides the algorithm: which backend a client is tied to, one kind a file.

What is found and done is said in the letters of `backends/pin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sessionlab.balancer.backends.pin import NOTHING

if TYPE_CHECKING:
    from sessionlab.balancer.affinity.table import Table
    from sessionlab.balancer.backends.backend import Backend, Found
    from sessionlab.balancer.http.request_fields import Fields


@dataclass(slots=True)
class Claim:
    """What a request says about its pin: `key` is the affinity's own, None when it says nothing.

    `cookie` is the Cookie field to forward, without the balancer's own cookie. `garbled`: there
    was such a cookie and it says nothing.
    """

    key: bytes | None
    cookie: bytes
    issued: float = 0.0
    seen: float = 0.0
    garbled: bool = False
    client: bytes = b""
    noted: float = 0.0
    """With `cookie`: who it is, and when its last visit was written down."""


class Settled(NamedTuple):
    """Header lines to add to the answer, and the verdict's second letter."""

    lines: bytes
    done: str


LEFT_ALONE = Settled(b"", NOTHING)


class Affinity(Protocol):
    """One kind of affinity for one service. No I/O; `now` is passed in, in seconds."""

    sticks: bool
    """Whether `settle` ever has something to do; the hot path skips it otherwise."""
    renews: bool
    """Whether it has something to do even for a valid pin and no cookie set."""

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """Read the claim; a pure function of its arguments, so its result may be kept."""
        ...

    def find(self, claim: Claim, now: float) -> Found:
        """The backend of a claim, whatever its state."""
        ...

    def settle(
        self, claim: Claim, found: Found, chosen: Backend, cookies: tuple[bytes, ...], now: float
    ) -> Settled:
        """Remember where the client went; says what to tell it.

        `cookies` are the Set-Cookie values of the backend's answer.
        """
        ...

    table: Table | None
    """The pins, where they live here; with `cookie` the clients that were seen."""

    def keep(self, old: Affinity, now: float) -> None:
        """Go on with the pins of an affinity of the same kind, which may still be in use."""
        if self.table is not None and old.table is not None:
            bounds, self.table = self.table.bounds, old.table
            self.table.rebound(bounds, now)
