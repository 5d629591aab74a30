"""Affinity by a header's value, or a query parameter's, that clients choose themselves.

For an id that the app makes, the first request with it is the second of its session, and nobody
knows any more which backend answered the first: that is `learn-header`.

The first request goes where the algorithm says, and the table remembers (HAProxy `stick on`).
Unlike a hash, pins hold while the cluster grows and while a backend drains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.interface import LEFT_ALONE, Affinity, Claim, Settled
from sessionlab.balancer.affinity.row import CHOSEN, NO_PLACE, key_of
from sessionlab.balancer.backends.backend import NOTHING_FOUND, Found
from sessionlab.balancer.backends.pin import INSERTED, VALID

if TYPE_CHECKING:
    from sessionlab.balancer.affinity.table import Table
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.http.request_fields import Fields
    from sessionlab.balancer.http.request_head import Request
    from sessionlab.balancer.http.response_head import Response


class HeaderAffinity(Affinity):
    """By a header's value; requests without it are strangers."""

    sticks = True
    renews = False
    early = True

    def __init__(self, header: str, table: Table) -> None:
        """`header` is its name; of a parameter, as `Fields.watched` has it."""
        self._name = header.lower().encode() if header[:1] != "?" else header.encode()
        self.table: Table = table

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """The hash of the header; an empty one is nobody's."""
        value = fields.host if self._name == b"host" else (fields.watched or {}).get(self._name)
        return Claim(key_of(value) if value else None, fields.cookie)

    def find(self, claim: Claim, now: float) -> Found:
        """N no header, or what the table says."""
        return NOTHING_FOUND if claim.key is None else self.table.find(claim.key, now)

    def chose(self, claim: Claim, found: Found, chosen: Backend, now: float) -> None:
        """Remember it at once, for those of its client that come before the answer."""
        if claim.key is not None:
            place = CHOSEN if found.backend is None else NO_PLACE
            self.table.put(claim.key, chosen.pin, now, place)

    def failed(self, claim: Claim, chosen: Backend) -> None:
        """Whom nobody answered has no place yet."""
        if claim.key is not None:
            self.table.unchoose(claim.key, chosen.pin)

    def settle(
        self,
        claim: Claim,
        found: Found,
        chosen: Backend,
        request: Request,
        response: Response,
        now: float,
    ) -> Settled:
        """Remember a new place."""
        if claim.key is not None and not (found.verdict == VALID and found.backend is chosen):
            self.table.put(claim.key, chosen.pin, now, NO_PLACE)
            return Settled(b"", INSERTED)
        return LEFT_ALONE
