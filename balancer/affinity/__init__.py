"""What overrides the algorithm: which backend a client is tied to, one kind a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from balancer.backend import Backend
    from balancer.request_fields import Fields

NONE, INVALID, DOWN, VALID, EXPIRED, OLD = "N", "I", "D", "V", "E", "O"
"""What was found in a request, in HAProxy's letters."""


@dataclass(slots=True)
class Claim:
    """What a request says about its pin: `key` is the affinity's own, None when it says nothing.

    `cookie` is the Cookie field to forward, without the balancer's own cookie.
    """

    key: bytes | None
    cookie: bytes
    issued: float = 0.0
    seen: float = 0.0
    garbled: bool = False


class Found(NamedTuple):
    """The backend that a claim leads to, if any, and the verdict's letter."""

    backend: Backend | None
    verdict: str


NOTHING_FOUND = Found(None, NONE)


class Pin(NamedTuple):
    """One row of the admin's table of pins; `key` is a hash, never the credential."""

    key: str
    backend: str
    expires_in: float


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
    ) -> bytes:
        """Remember where the client went; returns header lines to add to the answer.

        `cookies` are the Set-Cookie values of the backend's answer.
        """
        ...

    def hear(self, key: bytes, pin: bytes, now: float) -> None:
        """Take over a pin from another worker, or with b"" its end; nothing without a table."""
        return

    def pins(self, now: float) -> list[Pin]:
        """The table, for the admin; empty when the pins live with the clients."""
        ...
