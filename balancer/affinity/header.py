"""Affinity by a header's value.

The first request goes where the algorithm says, and the table remembers (HAProxy `stick on`).
Unlike a hash, pins hold while the cluster grows and while a backend drains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.interface import LEFT_ALONE, Affinity, Claim, Settled
from sessionlab.balancer.affinity.table import Table, key_of
from sessionlab.balancer.backends.backend import NOTHING_FOUND, Found
from sessionlab.balancer.backends.pin import INSERTED, VALID

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.http.request_fields import Fields


class HeaderAffinity(Affinity):
    """By a header's value; requests without it are strangers."""

    sticks = True
    renews = False

    def __init__(self, header: str, table: Table) -> None:
        self._name = header.lower().encode()
        self.table: Table = table

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """The hash of the header."""
        value = fields.host if self._name == b"host" else (fields.watched or {}).get(self._name)
        return Claim(None if value is None else key_of(value), fields.cookie)

    def find(self, claim: Claim, now: float) -> Found:
        """N no header, or what the table says."""
        return NOTHING_FOUND if claim.key is None else self.table.find(claim.key, now)

    def settle(
        self, claim: Claim, found: Found, chosen: Backend, cookies: tuple[bytes, ...], now: float
    ) -> Settled:
        """Remember a new place."""
        if claim.key is not None and not (found.verdict == VALID and found.backend is chosen):
            self.table.put(claim.key, chosen.pin, now)
            return Settled(b"", INSERTED)
        return LEFT_ALONE
