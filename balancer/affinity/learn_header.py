"""Affinity by an id that the app gives in an answer's header, and clients send back in theirs.

As Mcp-Session-Id, X-Session or a bearer token: the first request that shows such an id comes after
the answer that made it, so only that answer says which backend knows it (HAProxy `stick
store-response res.hdr`, nginx `learn create=$upstream_http_…`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.header import HeaderAffinity
from sessionlab.balancer.affinity.interface import Claim, Settled
from sessionlab.balancer.affinity.learn import follow
from sessionlab.balancer.affinity.row import key_of
from sessionlab.balancer.backends.pin import INSERTED, UPDATED

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend, Found
    from sessionlab.balancer.http.request_head import Request
    from sessionlab.balancer.http.response_head import Response


class LearnHeaderAffinity(HeaderAffinity):
    """Watches answers for one header; a client that shows that value goes where it was made."""

    renews = True  # any answer may bring another id

    def chose(self, claim: Claim, found: Found, chosen: Backend, now: float) -> None:
        """All of a client whose pin is lost go to the same place."""
        follow(self.table, claim, found, chosen, now)

    def settle(
        self,
        claim: Claim,
        found: Found,
        chosen: Backend,
        request: Request,
        response: Response,
        now: float,
    ) -> Settled:
        """Learn what the answer gives; who was sent elsewhere stays there."""
        value = self._given(response)
        if not value:
            return follow(self.table, claim, found, chosen, now)
        key = key_of(value)
        if claim.key is not None and claim.key != key:
            self.table.replaced(claim.key, now)
        self.table.put(key, chosen.pin, now)
        same = key == claim.key and found.backend is chosen
        return Settled(b"", UPDATED if same else INSERTED, key)

    def _given(self, response: Response) -> bytes:
        for line in response.forward:
            name, _, value = line.partition(b":")
            if name.lower() == self._name:
                return value.strip()
        return b""
