"""What anybody can do with a JWT without its key: read it, and try to forge it."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt

from sessionlab.lab.errors import StepError


def read_token(value: str) -> dict[str, Any]:
    """The claims inside a JWT, read without any key; empty when the value is no JWT."""
    try:
        claims: dict[str, Any] = jwt.decode(value, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return {}
    return claims


def altered(value: str, **claims: object) -> str:
    """The same token with other claims, under its old signature."""
    head, _, signature = _segments(value)
    return f"{head}.{_encoded({**read_token(value), **claims})}.{signature}"


def resigned(value: str, key: str, **claims: object) -> str:
    """The token with other claims, signed anew with a key of one's own (HS256)."""
    header = json.loads(_decoded(_segments(value)[0]))
    headers = {name: header[name] for name in ("kid", "typ") if name in header}
    return jwt.encode({**read_token(value), **claims}, key, algorithm="HS256", headers=headers)


def unsigned(value: str, **claims: object) -> str:
    """The token with other claims and `alg: none` (RFC 8725, 2.1): no signature at all."""
    header = {**json.loads(_decoded(_segments(value)[0])), "alg": "none"}
    return f"{_encoded(header)}.{_encoded({**read_token(value), **claims})}."


def _segments(value: str) -> list[str]:
    """Header, claims and signature; raises StepError when the value is no JWT."""
    segments = value.split(".")
    if len(segments) != 3 or not read_token(value):  # noqa: PLR2004  RFC 7519: a JWS has three
        raise StepError("that credential is no JWT, so it has no claims to change")
    return segments


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
