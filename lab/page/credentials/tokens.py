"""JWTs as somebody sees them who has no key: taken apart, and put together again otherwise."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sessionlab.lab.page.model.credentials import Jwt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.description.keys import Key
    from sessionlab.lab.page.model.credentials import Forgery

MOST_SECONDS = 1e15
PARTS = 3  # header, claims, signature (RFC 7515 section 3)


@dataclass(frozen=True, slots=True)
class Opened:
    """A JWT taken apart: `raw` are its parts as they travel."""

    raw: tuple[str, ...]
    header: dict[str, Any]
    claims: dict[str, Any]


def opened(value: str) -> Opened | None:
    """None for what is no JWT."""
    raw = tuple(value.split("."))
    if len(raw) != PARTS:
        return None
    header, claims = _read(raw[0]), _read(raw[1])
    if not header or "alg" not in header or claims is None:
        return None
    return Opened(raw, header, claims)


def looked_into(token: Opened, keys: Sequence[Key] | None, algorithm: str) -> Jwt:
    """Verified by the nodes' own keys; None for `keys` where only the nodes have them."""
    verified, why = _verified(token, keys, algorithm)
    left = _left(token.claims.get("exp"))
    if verified and left is not None and left <= 0:
        why += "; but its time is over, so nodes refuse it"
    return Jwt(list(token.raw), token.header, token.claims, verified, why, left)


def _left(end: object) -> float | None:
    """Seconds until then, None for what is no date (RFC 7519 section 2)."""
    if isinstance(end, bool) or not isinstance(end, int | float) or not abs(end) < MOST_SECONDS:
        return None
    return round(end - time.time(), 1)


def _verified(token: Opened, keys: Sequence[Key] | None, algorithm: str) -> tuple[bool | None, str]:
    if keys is None:
        return None, "only who has signed it has the key: ask each node"
    said, kid = token.header["alg"], token.header.get("kid")
    if said != algorithm:
        return False, f"it says that it is signed by {said}, and nodes here take {algorithm} only"
    key = next((key for key in keys if key.kid == kid), None)
    if key is None:
        return False, f"no node has the key {kid} that it names: it was retired, or never theirs"
    try:
        jwt.PyJWS().decode(".".join(token.raw), jwt.PyJWK(key.jwk), [algorithm])
    except (jwt.PyJWTError, RecursionError):
        return False, "its signature does not fit what it says"
    return True, f"its signature is by the nodes' key {kid}"


def forged(token: Opened, forgery: Forgery) -> str:
    """Another token, of what is wanted; what is left out, or the same, stays as it travels."""
    header = dict(token.header if forgery.header is None else forgery.header)
    claims = token.claims if forgery.claims is None else forgery.claims
    if forgery.sign == "none":
        header["alg"] = "none"  # RFC 8725 section 2.1
    first = token.raw[0] if header == token.header else _written(header)
    second = token.raw[1] if claims == token.claims else _written(claims)
    if forgery.sign == "own-key":
        return f"{first}.{second}.{_signature(f'{first}.{second}', str(header.get('alg')))}"
    return f"{first}.{second}.{'' if forgery.sign == 'none' else token.raw[2]}"


def _signature(text: str, algorithm: str) -> str:
    """By a key that nobody else has."""
    if algorithm == "EdDSA":
        return _base64url(Ed25519PrivateKey.generate().sign(text.encode()))
    own = jwt.get_algorithm_by_name("HS256")
    return _base64url(own.sign(text.encode(), own.prepare_key(secrets.token_bytes(32))))


def _read(part: str) -> dict[str, Any] | None:
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        found = json.loads(data)
        msgspec.json.encode(found)  # what it can't write the page can't be told
    except (ValueError, OverflowError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _written(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
