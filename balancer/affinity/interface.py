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
    from sessionlab.balancer.http.request_head import Request
    from sessionlab.balancer.http.response_head import Response


@dataclass(slots=True)
class Claim:
    """What a request says about its pin: `key` is the affinity's own, None when it says nothing.

    `cookie` is the Cookie field to forward, without the balancer's own cookie. `garbled`: there
    was such a cookie and it says nothing, `foreign`: although it looks like a token.
    """

    key: bytes | None
    cookie: bytes
    issued: float = 0.0
    seen: float = 0.0
    garbled: bool = False
    foreign: bool = False
    others: tuple[bytes, ...] = ()
    """Further keys, of a request that shows several values."""
    client: bytes = b""
    noted: float = 0.0
    """With `cookie`: who it is, and when its last visit was written down."""


class Settled(NamedTuple):
    """Header lines to add to the answer, and the verdict's second letter."""

    lines: bytes
    done: str
    key: bytes | None = None
    """The table's key of a pin that the answer has made; None: the claim's."""


LEFT_ALONE = Settled(b"", NOTHING)


class Affinity(Protocol):
    """One kind of affinity for one service. No I/O; `now` is passed in, in seconds."""

    sticks: bool
    """Whether `settle` ever has something to do; the hot path skips it otherwise."""
    renews: bool
    """Whether it has something to do even for a valid pin and no cookie set."""

    early: bool = False
    """Whether `chose` has something to do."""

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """Read the claim; a pure function of its arguments, so its result may be kept."""
        ...

    def find(self, claim: Claim, now: float) -> Found:
        """The backend of a claim, whatever its state."""
        ...

    def chose(self, claim: Claim, found: Found, chosen: Backend, now: float) -> None:
        """A request goes where its pin does not lead, and others may come before its answer."""
        return

    def failed(self, claim: Claim, chosen: Backend) -> None:
        """That backend did not answer it."""
        return

    def settle(
        self,
        claim: Claim,
        found: Found,
        chosen: Backend,
        request: Request,
        response: Response,
        now: float,
    ) -> Settled:
        """Remember where the client went; says what to tell it."""
        return LEFT_ALONE

    table: Table | None
    """The pins, where they live here; with `cookie` the clients that were seen."""

    def stay(self, key: bytes, now: float) -> None:
        """The client of a pin is there, by a tunnel, though it asks for nothing."""
        if self.table is not None:
            self.table.stay(key, now)

    def keep(self, old: Affinity, now: float) -> None:
        """Go on with the pins of an affinity of the same kind, which may still be in use."""
        if self.table is not None and old.table is not None:
            bounds, self.table = self.table.bounds, old.table
            self.table.rebound(bounds, now)
