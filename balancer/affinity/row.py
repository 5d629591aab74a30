"""One pin of a table: what it holds, and how others hear of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sessionlab.balancer.backends.pin import INVALID

_PIN = 8
NO_PLACE = bytes(8)
REPLACED = bytes([255] * 8)
"""The place of a pin whose value its client was told to replace."""
CHOSEN = bytes([253] * 8)
"""That of one whose first request is under way; it ends if that request's backend fails."""
PASSING = frozenset({REPLACED, CHOSEN})


def key_of(value: bytes) -> bytes:
    """A value as the table keeps it: hashed, since it may be somebody's credential."""
    return hashlib.blake2b(value, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many pins a table keeps, and how long without a request.

    `unknown` is the letter for a key that it does not know, which `may_be_lost` with an earlier
    table.
    """

    entries: int
    idle: float
    unknown: str = INVALID
    may_be_lost: bool = False


@dataclass(slots=True)
class Row:
    """One pin: since when it leads there, when it was last used, and when others last heard.

    `place` stands for the domain and path of its cookie, where that is known. One that is
    `REPLACED` is kept for a while, for a client that never got the answer with the new value, and
    not counted, as the new one is the same client.
    """

    pin: bytes
    since: float
    seen: float
    announced: float
    place: bytes = NO_PLACE

    @property
    def told(self) -> bytes:
        """As others hear of it."""
        return self.pin + self.place


def parted(told: bytes) -> tuple[bytes, bytes]:
    """Pin and place out of what was told."""
    return told[:_PIN], told[_PIN:]
