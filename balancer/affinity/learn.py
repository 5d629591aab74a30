"""Affinity by the app's own cookie: the backend that set it keeps the client (nginx `learn`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.interface import LEFT_ALONE, Affinity, Claim, Settled
from sessionlab.balancer.affinity.table import Table, key_of
from sessionlab.balancer.backends.backend import NOTHING_FOUND, Found
from sessionlab.balancer.backends.pin import DELETED, INSERTED, REMOVED, UPDATED
from sessionlab.balancer.http import cookies as cookie_fields

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.http.request_fields import Fields


class LearnAffinity(Affinity):
    """Watches Set-Cookie for one name; a client that shows that value goes where it was made."""

    sticks = True
    renews = False

    def __init__(self, cookie: str, table: Table) -> None:
        self._name = cookie.encode()
        self.table: Table = table

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """The hash of the cookie; of several of the name, the first counts, as apps read them."""
        if self._name not in fields.cookie:
            return Claim(None, fields.cookie)
        values = cookie_fields.values(fields.cookie, self._name)
        return Claim(key_of(values[0]) if values else None, fields.cookie)

    def find(self, claim: Claim, now: float) -> Found:
        """N no cookie, or what the table says."""
        return NOTHING_FOUND if claim.key is None else self.table.find(claim.key, now)

    def settle(
        self, claim: Claim, found: Found, chosen: Backend, cookies: tuple[bytes, ...], now: float
    ) -> Settled:
        """Learn or forget what the answer sets; who was sent elsewhere stays there.

        A cookie that the table does not know is not learned from a request: anybody could fill the
        table with values of their own.
        """
        for set_cookie in cookies:
            value = cookie_fields.set_value(set_cookie, self._name)
            if value is None:
                continue
            if cookie_fields.deletes(set_cookie, now):
                forgotten = self.table.forget(claim.key or key_of(value))
                return Settled(b"", DELETED) if forgotten else LEFT_ALONE
            key = key_of(value)
            same = key == claim.key and found.backend is chosen
            self.table.put(key, chosen.pin, now)
            if claim.key is not None and claim.key != key:
                self.table.forget(claim.key)  # replaced: else it is one client counted twice
            return Settled(b"", UPDATED if same else INSERTED)
        known = found.backend is not None or found.reason == REMOVED
        if claim.key is not None and known and found.backend is not chosen:
            self.table.put(claim.key, chosen.pin, now)
            return Settled(b"", INSERTED)
        return LEFT_ALONE
