"""Affinity by the app's own cookie: the backend that set it keeps the client (nginx `learn`)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from balancer.affinity import (
    EXPIRED,
    INVALID,
    NONE,
    VALID,
    Affinity,
    Claim,
    Found,
    Pin,
)
from balancer.affinity import (
    cookies as cookie_fields,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balancer.backend import Backend
    from balancer.request_head import Fields


def key_of(value: bytes) -> bytes:
    """A cookie's value as the table keeps it: hashed, since it is somebody's credential."""
    return hashlib.blake2b(value, digest_size=16).digest()


class LearnAffinity(Affinity):
    """A bounded table from the hash of a cookie to a backend, least recently used out first."""

    sticks = True

    def __init__(
        self, cookie: str, entries: int, idle: float, pins_to: Mapping[bytes, Backend]
    ) -> None:
        self._name = cookie.encode()
        self._entries = entries
        self._idle = idle
        self._pins_to = pins_to
        self._table: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """The hash of the cookie; of several of the name, the first counts, as apps read them."""
        if self._name not in fields.cookie:
            return Claim(None, fields.cookie)
        values = cookie_fields.values(fields.cookie, self._name)
        return Claim(key_of(values[0]) if values else None, fields.cookie)

    def find(self, claim: Claim, now: float) -> Found:
        """V, or why not: N no cookie, I never learned here or backend gone, E idle too long."""
        if claim.key is None:
            return Found(None, NONE)
        entry = self._table.get(claim.key)
        if entry is None:
            return Found(None, INVALID)
        pin, expires = entry
        if expires < now:
            del self._table[claim.key]
            return Found(None, EXPIRED)
        self._put(claim.key, pin, now)
        backend = self._pins_to.get(pin)
        return Found(backend, INVALID if backend is None else VALID)

    def settle(
        self, claim: Claim, found: Found, chosen: Backend, cookies: tuple[bytes, ...], now: float
    ) -> bytes:
        """Learn or forget what the answer sets; who was sent elsewhere stays there."""
        for set_cookie in cookies:
            value = cookie_fields.set_value(set_cookie, self._name)
            if value is None:
                continue
            if cookie_fields.deletes(set_cookie):
                self._table.pop(claim.key or key_of(value), None)
                return b""
            self._put(key_of(value), chosen.pin, now)
            return b""
        if claim.key is not None and found.backend is not None and found.backend is not chosen:
            self._put(claim.key, chosen.pin, now)
        return b""

    def pins(self, now: float) -> list[Pin]:
        """The table, the most recently used last."""
        return [
            Pin(key.hex(), self._pins_to[pin].name, round(expires - now, 1))
            for key, (pin, expires) in self._table.items()
            if expires >= now and pin in self._pins_to
        ]

    def _put(self, key: bytes, pin: bytes, now: float) -> None:
        table = self._table
        table[key] = (pin, now + self._idle)
        table.move_to_end(key)
        if len(table) > self._entries:
            table.popitem(last=False)
