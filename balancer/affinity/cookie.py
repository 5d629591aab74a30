"""The balancer's own cookie, as HAProxy's `cookie NAME insert indirect`: apps never see it.

The value is a sealed token (AES-GCM): a client can neither read which backend it is tied to, nor
make a token for another, nor tell whether two clients share one. The pin is in the token alone, so
every worker that has the secret knows it, and so does a balancer started again with that secret.

Which clients were seen lately is written down, for whoever wants to know how many a backend has:
each has a number of its own in its token, which stays the same when the token is renewed or the
pin moves. That table decides nothing.
"""

from __future__ import annotations

import hashlib
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sessionlab.balancer.affinity.interface import LEFT_ALONE, Affinity, Claim, Settled
from sessionlab.balancer.backends.backend import NOTHING_FOUND, Found
from sessionlab.balancer.backends.pin import (
    EXPIRED,
    IDLE_OR_OLD,
    INSERTED,
    INVALID,
    OLD,
    REMOVED,
    UPDATED,
    VALID,
)
from sessionlab.balancer.http import cookies as cookie_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.balancer.affinity.table import Table
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import CookiePolicy
    from sessionlab.balancer.http.request_fields import Fields

_NONCE = 12
_PAYLOAD = struct.Struct(">8s8sII")  # pin, client, when issued, when last seen (Unix seconds)
_TOKEN_CHARS = 70  # of 12 + 24 + 16 bytes
_CLIENT = 8
_PADDING = bytes(8)  # to the length of a table's keys
_OPENED = 4096
_REFRESH = 10  # a token is renewed when a tenth of max_idle has passed: few Set-Cookie, fair idle


class CookieAffinity(Affinity):
    """A token in a cookie; `pins_to` maps a pin to its backend and may change at any time."""

    sticks = True

    def __init__(
        self,
        service: str,
        policy: CookiePolicy,
        secret: bytes,
        pins_to: Mapping[bytes, Backend],
        table: Table,
    ) -> None:
        self.table: Table = table
        self._policy = policy
        self.renews = policy.max_idle > 0
        self._name = policy.name_for(service).encode()
        self._pins_to = pins_to
        key = hashlib.blake2b(secret, digest_size=32, person=b"sessionlab pin").digest()
        self._cipher = AESGCM(key)
        self._bound_to = f"{service}\0{policy.name}".encode()
        self._tail = _attributes(policy)
        # Opening a token costs 5 µs, and a client shows the same one again and again.
        self._open = lru_cache(maxsize=_OPENED)(self._unseal)

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """Open the token. Of several cookies of the name, the first good one counts."""
        if self._name not in fields.cookie:
            return Claim(None, fields.cookie)
        values = cookie_fields.values(fields.cookie, self._name)
        rest = cookie_fields.without(fields.cookie, self._name)
        for value in values:
            # Looked at first, since the cache would keep what it is asked.
            opened = self._open(value) if len(value) == _TOKEN_CHARS else None
            if opened is not None:
                pin, client, issued, seen = opened
                return Claim(pin, rest, issued, seen, client=client + _PADDING)
        return Claim(None, rest, garbled=bool(values))

    def find(self, claim: Claim, now: float) -> Found:
        """V, or why not: N no cookie, I not ours or backend gone, O too old, E idle too long."""
        if claim.key is None:
            return Found(None, INVALID) if claim.garbled else NOTHING_FOUND
        policy = self._policy
        if policy.max_life and now - claim.issued > policy.max_life:
            return Found(None, OLD, IDLE_OR_OLD)
        if policy.max_idle and now - claim.seen > policy.max_idle:
            return Found(None, EXPIRED, IDLE_OR_OLD)
        backend = self._pins_to.get(claim.key)
        if backend is None:
            return Found(None, INVALID, REMOVED)
        if claim.noted != now:  # once a tick, however often it asks
            claim.noted = now
            self.table.put(claim.client, claim.key, now)
        return backend.valid

    def settle(
        self, claim: Claim, found: Found, chosen: Backend, cookies: tuple[bytes, ...], now: float
    ) -> Settled:
        """Set-Cookie when the client has to learn its (new) pin, or its token has to be renewed.

        Renewed too when the app sets a cookie of the name: ours stands behind it, so ours counts.
        """
        if found.verdict == VALID and found.backend is chosen:
            max_idle = self._policy.max_idle
            fresh = not max_idle or now - claim.seen < max_idle / _REFRESH
            if fresh and not (cookies and self._overwritten(cookies)):
                return LEFT_ALONE
            return Settled(self._line(chosen.pin, claim.client, claim.issued, now), UPDATED)
        client = claim.client or os.urandom(_CLIENT) + _PADDING
        self.table.put(client, chosen.pin, now)
        return Settled(self._line(chosen.pin, client, now, now), INSERTED)

    def _overwritten(self, cookies: tuple[bytes, ...]) -> bool:
        return any(cookie_fields.set_value(line, self._name) is not None for line in cookies)

    def _line(self, pin: bytes, client: bytes, issued: float, now: float) -> bytes:
        nonce = os.urandom(_NONCE)
        payload = _PAYLOAD.pack(pin, client, int(issued), int(now))
        token = urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, payload, self._bound_to))
        tail = self._tail
        if self._policy.permanent:
            tail += b"; Max-Age=%d" % self._left(issued, now)
        return b"Set-Cookie: %b=%b%b\r\n" % (self._name, token.rstrip(b"="), tail)

    def _left(self, issued: float, now: float) -> int:
        """Seconds until the pin ends if the client does not come back."""
        policy = self._policy
        ends = [policy.max_life - (now - issued)] if policy.max_life else []
        return max(0, int(min(ends + ([policy.max_idle] if policy.max_idle else []))))

    def _unseal(self, token: bytes) -> tuple[bytes, bytes, int, int] | None:
        try:
            raw = urlsafe_b64decode(token + b"==")
            if urlsafe_b64encode(raw).rstrip(b"=") != token:
                return None  # the last character has bits to spare: one token, one spelling
            payload = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], self._bound_to)
        except (ValueError, InvalidTag):
            return None
        pin, client, issued, seen = _PAYLOAD.unpack(payload)
        return pin, client, issued, seen


def _attributes(policy: CookiePolicy) -> bytes:
    parts = [f"; Path={policy.path}"]
    if policy.domain:
        parts.append(f"; Domain={policy.domain}")
    if policy.secure:
        parts.append("; Secure")
    if policy.http_only:
        parts.append("; HttpOnly")
    if policy.same_site:
        parts.append(f"; SameSite={policy.same_site}")
    return "".join(parts).encode()
