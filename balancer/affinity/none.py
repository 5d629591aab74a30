"""No affinity: the null object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.interface import Affinity, Claim
from sessionlab.balancer.backends.backend import NOTHING_FOUND, UNUSED_FOUND, Found
from sessionlab.balancer.http import cookies as cookie_fields

if TYPE_CHECKING:
    from sessionlab.balancer.http.request_fields import Fields


class NoAffinity(Affinity):
    """Every request is a stranger; one with our cookie has it from before a reload."""

    sticks = False
    renews = False
    table = None

    def __init__(self, cookie: str = "") -> None:
        self._name = cookie.encode()

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """Nothing but the cookies to pass on, and whether one is a pin that nobody asks for."""
        name = self._name
        unused = name in fields.cookie and bool(cookie_fields.values(fields.cookie, name))
        return Claim(None, fields.cookie, garbled=unused)

    def find(self, claim: Claim, now: float) -> Found:
        """Never a backend."""
        return UNUSED_FOUND if claim.garbled else NOTHING_FOUND
