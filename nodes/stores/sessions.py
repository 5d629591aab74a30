"""The session id: a reference that means nothing without the store that issued it."""

import hashlib
import re
import secrets

_ENTROPY = 32
_ISSUED = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_id() -> str:
    """A fresh id: 256 bits of the system's randomness in 43 URL-safe characters."""
    return secrets.token_urlsafe(_ENTROPY)


def is_well_formed(session_id: str) -> bool:
    """Whether `new_id` could have made it: anything else is refused before a store is asked."""
    return _ISSUED.fullmatch(session_id) is not None


def fingerprint(session_id: str) -> str:
    """What a store files the session under: whoever reads the store holds no credential.

    A plain digest is enough, without salt or stretching: 256 random bits cannot be guessed. It also
    makes the time of a look-up independent of how much of an id somebody guessed right.
    """
    return hashlib.sha256(session_id.encode()).hexdigest()
