"""No affinity: the null object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balancer.affinity import NOTHING_FOUND, Affinity, Claim, Found, Pin

if TYPE_CHECKING:
    from balancer.backend import Backend
    from balancer.request_fields import Fields


class NoAffinity(Affinity):
    """Every request is a stranger."""

    sticks = False
    renews = False

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """Nothing but the cookies to pass on."""
        return Claim(None, fields.cookie)

    def find(self, claim: Claim, now: float) -> Found:
        """Never a backend."""
        return NOTHING_FOUND

    def settle(
        self, claim: Claim, found: Found, chosen: Backend, cookies: tuple[bytes, ...], now: float
    ) -> bytes:
        """Nothing to remember."""
        return b""

    def pins(self, now: float) -> list[Pin]:
        """No table."""
        return []
