"""Affinity by the app's own cookie: the backend that set it keeps the client (nginx `learn`)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.interface import LEFT_ALONE, Affinity, Claim, Settled
from sessionlab.balancer.affinity.row import Row, key_of
from sessionlab.balancer.backends.backend import NOTHING_FOUND, Found
from sessionlab.balancer.backends.pin import DELETED, INSERTED, REMOVED, UPDATED
from sessionlab.balancer.http import cookies as cookie_fields

if TYPE_CHECKING:
    from sessionlab.balancer.affinity.table import Table
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.http.request_fields import Fields
    from sessionlab.balancer.http.request_head import Request
    from sessionlab.balancer.http.response_head import Response

_MOST_VALUES = 16


class LearnAffinity(Affinity):
    """Watches Set-Cookie for one name; a client that shows that value goes where it was made."""

    sticks = True
    renews = False
    early = True

    def __init__(self, cookie: str, table: Table) -> None:
        self._name = cookie.encode()
        self.table: Table = table

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """The hashes of the cookies of the name: a browser sends one for each path and domain."""
        if self._name not in fields.cookie:
            return Claim(None, fields.cookie)
        values = dict.fromkeys(cookie_fields.values(fields.cookie, self._name))
        keys = tuple(key_of(value) for value in list(values)[:_MOST_VALUES])
        return Claim(keys[0] if keys else None, fields.cookie, others=keys[1:])

    def find(self, claim: Claim, now: float) -> Found:
        """N no cookie, or what the table says of the first value that it knows."""
        if claim.key is None:
            return NOTHING_FOUND
        found = self.table.find(claim.key, now)
        for key in claim.others:
            if found.backend is not None:
                break
            other = self.table.find(key, now)
            if other.backend is not None or (other.reason == REMOVED and found.reason != REMOVED):
                found = other
        return found

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
        """Learn or forget what the answer sets; who was sent elsewhere stays there.

        A cookie that the table does not know is not learned from a request: anybody could fill the
        table with values of their own.
        """
        learned, forgotten = None, False
        shown = () if claim.key is None else (claim.key, *claim.others)
        if any(self._name in line for line in response.cookies):
            origin = (request.fields.host, request.path)
            left = cookie_fields.kept(response.cookies, self._name, origin, now)
            for where, value in left.items():
                place, key = _place(where), key_of(value) if value else None
                for old in shown:  # what the client showed of this place is there no longer
                    if old != key and _is_at(self.table.row(old), place):
                        forgotten = self._end(old, key, now) or forgotten
                if key is not None:
                    self.table.put(key, chosen.pin, now, place)
                    learned = key
        if learned is not None:
            same = learned in shown and found.backend is chosen
            return Settled(b"", UPDATED if same else INSERTED, learned)
        return Settled(b"", DELETED) if forgotten else follow(self.table, claim, found, chosen, now)

    def _end(self, old: bytes, new: bytes | None, now: float) -> bool:
        """A value was taken away, or replaced: then its client may still miss the answer."""
        if new is None:
            return self.table.forget(old)
        self.table.replaced(old, now)
        return False


def follow(table: Table, claim: Claim, found: Found, chosen: Backend, now: float) -> Settled:
    """A pin that is known goes where its client went."""
    known = found.backend is not None or found.reason == REMOVED
    if claim.key is None or not known or found.backend is chosen:
        return LEFT_ALONE
    keys = (claim.key, *claim.others)
    key = next((key for key in keys if key in table), claim.key)
    table.put(key, chosen.pin, now)
    return Settled(b"", INSERTED, key)


def _is_at(row: Row | None, place: bytes) -> bool:
    return row is not None and row.place == place


def _place(where: tuple[bytes, bytes]) -> bytes:
    return hashlib.blake2b(b" ".join(where), digest_size=8).digest()
